"""split: the parts of a value that is cut along an axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import ClassVar, Self

from spec.fields import MAX_ENTRIES, axis, shape, size
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Shape, ShapeError, Slice, show
from spec.records import record

MOST_PARTS = 64
"""The most parts that are values of their own, as each takes time even where nothing reads it."""
PARTS: Mapping[str, str] = {"i": f"part i, counted from 0, where there are at most {MOST_PARTS}"}


@register("split")
@record(frozen=True, kw_only=True)
class Split(Layer):
    """Cut `dim` into parts of these `sizes`, or into equal `sections`, and give part `index`.

    Each part is a value too: `name.0`, `name.1` and so on.
    """

    further: ClassVar[Mapping[str, str]] = PARTS

    sizes: tuple[int, ...] | None = shape(default=None)
    sections: int | None = size(default=None, maximum=MAX_ENTRIES)
    dim: int = axis(default=1)
    index: int = size(default=0, minimum=0)

    def infer(self, *shapes: Shape) -> Self:
        dim = positive("dim", self.dim, shapes[0])
        total = shapes[0][dim - 1]
        sizes, sections = self.sizes, self.sections
        if sizes is None:
            if sections is None:
                raise ShapeError("`split` needs `sizes` or `sections`, got neither")
            if total % sections:
                raise ShapeError(
                    f"axis {dim} of {show(shapes[0])} does not divide into {sections} equal "
                    "sections: give `sizes`"
                )
            sizes = (total // sections,) * sections
        if sum(sizes) != total:
            raise ShapeError(
                f"`sizes` {list(sizes)} have the sum {sum(sizes)}, but axis {dim} of "
                f"{show(shapes[0])} has {total}"
            )
        if sections not in (None, len(sizes)):
            raise ShapeError(f"`sections` is {sections}, but `sizes` has {len(sizes)}: give one")
        if self.index >= len(sizes):
            raise ShapeError(f"`index` is {self.index}, but the parts are 0 to {len(sizes) - 1}")
        return replace(self, sizes=sizes, sections=len(sizes), dim=dim)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        ends = [*accumulate(self.sizes or (), initial=0)]
        return given_parts(scope, x, self.dim, list(pairwise(ends)), self.index)


def given_parts(
    scope: Scope, x: Value, dim: int, parts: list[tuple[int, int]], index: int
) -> Value:
    """Give parts along an axis as further values, each from its first item to its end; and one."""
    if len(parts) <= MOST_PARTS:
        for place, (first, end) in enumerate(parts):
            scope.give(str(place), scope.apply(Slice(dim - 1, first, end), x))
    return scope.apply(Slice(dim - 1, *parts[index]), x)
