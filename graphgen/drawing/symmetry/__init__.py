"""The symmetries that a page shows: permutations, heads, branches, signs and scales."""

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from graphgen.drawing.symmetry.acting import Acting, permuted_by
    from graphgen.drawing.symmetry.bins import grains
    from graphgen.drawing.symmetry.shown import derived, of_tensors, shown_symmetries
else:
    lazily(__name__)

__all__ = ["Acting", "derived", "grains", "of_tensors", "permuted_by", "shown_symmetries"]
