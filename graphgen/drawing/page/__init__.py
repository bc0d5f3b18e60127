"""The page of a network: one HTML file that opens from disk."""

from graphgen.drawing.page.page import page

__all__ = ["page"]
