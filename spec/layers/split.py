"""split: one part of a value that is cut along an axis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from spec.fields import MAX_ENTRIES, axis, shape, size
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Shape, ShapeError, Slice, show


@register("split")
@dataclass(frozen=True, kw_only=True)
class Split(Layer):
    """Cut `dim` into parts of these `sizes`, or into equal `sections`, and give part `index`."""

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
        sizes = self.sizes or ()
        start = sum(sizes[: self.index])
        return scope.apply(Slice(self.dim - 1, start, start + sizes[self.index]), *inputs)
