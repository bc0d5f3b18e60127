"""Drawings of networks: one page to look around in, and a small static picture."""

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from graphgen.drawing.viewing import svg, view
else:
    lazily(__name__)

__all__ = ["svg", "view"]
