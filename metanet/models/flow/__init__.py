"""Flows, which draw networks from noise, and the moments on which they rest."""

from metanet.models.flow.flow import Flow
from metanet.models.flow.gaussian import gaussian
from metanet.models.flow.moments import Moments

__all__ = ["Flow", "Moments", "gaussian"]
