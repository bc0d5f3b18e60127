"""constant, arange, band_mask: fixed values that no tensor of a checkpoint holds."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, prod
from typing import Any, ClassVar, Self

from spec.fields import array, flat, number, shape, size, size_of
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Fixed, Shape, ShapeError
from spec.records import record


@register("constant")
@record(frozen=True, kw_only=True)
class Constant(Layer):
    """A fixed value: these `values`, for each sample alike; the input plays no part.

    One number, or a nested list; `shape` repeats one number, or says how a list lies.
    """

    reads_nothing: ClassVar[bool] = True

    values: float | str | tuple[Any, ...] = array(summary="a number, or numbers nested as they lie")
    shape: tuple[int, ...] | None = shape(default=None, empty=True, summary="the shape without N")

    def infer(self, *shapes: Shape) -> Self:
        own = size_of(self.values)
        given = own if self.shape is None else self.shape
        if own and prod(own) != prod(given):
            raise ShapeError(
                f"`values` has {prod(own)} numbers, but `shape` {list(given)} has {prod(given)}"
            )
        return replace(self, shape=given)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.apply(Fixed(self.shape or (), "numbers", flat(self.values)), *inputs)


@register("arange")
@record(frozen=True, kw_only=True)
class Arange(Layer):
    """A fixed value: `start`, `start + step` and so on, as long as it is before `end`."""

    reads_nothing: ClassVar[bool] = True

    start: float = number(default=0.0, summary="the first number")
    end: float = number(summary="where it ends, which is no number of it")
    step: float = number(default=1.0, summary="the distance of two numbers")

    def infer(self, *shapes: Shape) -> Self:
        if not self.step or ceil((self.end - self.start) / self.step) < 1:
            raise ShapeError(
                f"there is no number from {self.start:g} to {self.end:g} in steps of {self.step:g}"
            )
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        count = ceil((self.end - self.start) / self.step)
        return scope.apply(Fixed((count,), "arange", (self.start, self.step)), *inputs)


@register("band_mask")
@record(frozen=True, kw_only=True)
class BandMask(Layer):
    """A fixed value `[rows, columns]` of 1 in a band around the diagonal, and 0 elsewhere.

    The band has columns from `before` places before the diagonal to `after` behind it, all where
    none is said; the diagonal ends in the lower right corner. `after: 0` is a causal mask, with
    `before: 3` a window of four.
    """

    reads_nothing: ClassVar[bool] = True

    rows: int = size(summary="the number of rows, such as queries")
    columns: int | None = size(default=None, summary="the number of columns; by default as many")
    before: int | None = size(default=None, minimum=0, summary="how far before; no limit if unsaid")
    after: int | None = size(default=None, minimum=0, summary="how far behind; no limit if unsaid")

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        limits = tuple(
            "inf" if limit is None else float(limit) for limit in (self.before, self.after)
        )
        sizes = (self.rows, self.columns or self.rows)
        return scope.apply(Fixed(sizes, "band", limits), *inputs)
