"""The guide to the layers: what each is, in words, for the command line, pages and messages."""

from spec.guide.torch_differences import DIFFERENCES, EVERYWHERE

__all__ = ["DIFFERENCES", "EVERYWHERE"]
