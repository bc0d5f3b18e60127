"""Views: what a metanet may see of a network beside its graph."""

from metanet.views.function import Function
from metanet.views.registry import VIEWS, make, view_of
from metanet.views.spectra import Spectra
from metanet.views.statistics import Statistics
from metanet.views.view import NETWORK, NODE, View, architecture_of_part

__all__ = [
    "NETWORK",
    "NODE",
    "VIEWS",
    "Function",
    "Spectra",
    "Statistics",
    "View",
    "architecture_of_part",
    "make",
    "view_of",
]
