"""roll, flip: the items of axes moved around, or in the opposite order."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import axes, integers
from spec.layer import Layer, Scope, Value, positives, register
from spec.layers.taking import taken
from spec.primitives import Shape, ShapeError
from spec.primitives.take import run_of
from spec.records import record


@register("roll")
@record(frozen=True, kw_only=True)
class Roll(Layer):
    """Move the items along `dims` on by `shifts`, the last ones to the front, as `torch.roll`."""

    shifts: tuple[int, ...] = integers()
    dims: tuple[int, ...] = axes()

    def infer(self, *shapes: Shape) -> Self:
        if len(self.shifts) != len(self.dims):
            raise ShapeError(f"`shifts` {list(self.shifts)} and `dims` {list(self.dims)} are not "
                             "as many")  # fmt: skip
        return replace(self, dims=positives("dims", self.dims, shapes[0]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        for shift, dim in zip(self.shifts, self.dims, strict=True):
            size = x.shape[dim - 1]
            last = shift % size
            x = taken(scope, x, dim - 1, [(size - last, last, 1), (0, size - last, 1)])
        return x


@register("flip")
@record(frozen=True, kw_only=True)
class Flip(Layer):
    """The items along `dims` in the opposite order, as `torch.flip`."""

    dims: tuple[int, ...] = axes()

    def infer(self, *shapes: Shape) -> Self:
        dims = positives("dims", self.dims, shapes[0])
        if len(set(dims)) < len(dims):
            raise ShapeError(f"`dims` {list(self.dims)} names an axis twice")
        return replace(self, dims=dims)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        for dim in self.dims:
            x = taken(scope, x, dim - 1, [run_of(range(x.shape[dim - 1])[::-1])])
        return x
