"""Two networks beside one another, after the second was moved onto the first."""

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from graphgen.drawing.comparing.compared import Against, compared
else:
    lazily(__name__)

__all__ = ["Against", "compared"]
