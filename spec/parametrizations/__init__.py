"""Weights made from other tensors: weight norm, standardised weights, low-rank adapters.

A layer says so in a field, as in `conv1d: {..., parametrizations: {weight: weight_norm}}`.
A tensor that a layer declares gets others in its place, and what the layer applies to it is applied
to what is made from these.
"""

from spec.parametrizations.kinds import KINDS, Made, Parametrization, read
from spec.parametrizations.made import apply, declare

__all__ = ["KINDS", "Made", "Parametrization", "apply", "declare", "read"]
