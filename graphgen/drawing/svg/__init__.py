"""A network as one small, static picture."""

from graphgen.drawing.svg.drawing import draw

__all__ = ["draw"]
