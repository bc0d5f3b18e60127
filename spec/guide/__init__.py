"""The guide to the layers: what each is, in words, for the command line, pages and messages.

`listing()` gives all by families, `page("conv2d")` one.
"""

from spec.guide.example import example
from spec.guide.families import FAMILIES, TORCH_NAMES
from spec.guide.page import listing, page
from spec.guide.torch_differences import DIFFERENCES, EVERYWHERE

__all__ = [
    "DIFFERENCES",
    "EVERYWHERE",
    "FAMILIES",
    "TORCH_NAMES",
    "example",
    "listing",
    "page",
]
