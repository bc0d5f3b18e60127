"""expand, tile, repeat_interleave: the same items several times."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import MAX_ENTRIES, axis, shape, size, with_unknown
from spec.layer import Layer, Scope, Value, positive, register
from spec.layers.taking import taken
from spec.primitives import Reshape, Shape, ShapeError, show
from spec.records import record


@register("expand")
@record(frozen=True, kw_only=True)
class Expand(Layer):
    """Repeat axes of one item, to `shape` without the batch, as `Tensor.expand`; -1 keeps one."""

    shape: tuple[int, ...] = with_unknown(several=True)

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        if len(self.shape) < len(x):
            raise ShapeError(f"`shape` {list(self.shape)} has fewer axes than {show(x)}")
        wide = (1,) * (len(self.shape) - len(x)) + x
        full = tuple(n if want == -1 else want for n, want in zip(wide, self.shape, strict=True))
        if any(n not in (1, want) for n, want in zip(wide, full, strict=True)):
            raise ShapeError(f"{show(x)} cannot be repeated to `shape` {list(self.shape)}: axes "
                             "of one item can, the others stay")  # fmt: skip
        return replace(self, shape=full)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        if len(self.shape) > len(x.shape):
            x = scope.apply(Reshape((1,) * (len(self.shape) - len(x.shape)) + x.shape), x)
        for place, count in enumerate(self.shape):
            if x.shape[place] < count:
                x = taken(scope, x, place, [(0, count, 0)])
        return x


@register("tile")
@record(frozen=True, kw_only=True)
class Tile(Layer):
    """Put each of the last axes `dims` times behind itself, as `torch.tile` and `Tensor.repeat`."""

    dims: tuple[int, ...] = shape()

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        dims = self.dims[1:] if len(self.dims) == len(x) + 1 and self.dims[0] == 1 else self.dims
        if len(dims) > len(x):
            raise ShapeError(
                f"`dims` {list(self.dims)} are more than the axes of {show(x)} behind the batch, "
                "which stays"
            )
        if max(dims) > MAX_ENTRIES:
            raise ShapeError(
                f"`dims` {list(self.dims)} repeats an axis more than {MAX_ENTRIES:,} times, which "
                "`expand` does for axes of one item"
            )
        return replace(self, dims=dims)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        first = len(x.shape) - len(self.dims)
        for place, times in enumerate(self.dims, start=first):
            x = taken(scope, x, place, [(0, x.shape[place], 1)] * times)
        return x


@register("repeat_interleave")
@record(frozen=True, kw_only=True)
class RepeatInterleave(Layer):
    """Each item along `dim` `repeats` times, one after the other, as `torch.repeat_interleave`."""

    repeats: int = size()
    dim: int = axis()

    def infer(self, *shapes: Shape) -> Self:
        return replace(self, dim=positive("dim", self.dim, shapes[0]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        place = self.dim - 1
        before, count, behind = x.shape[:place], x.shape[place], x.shape[self.dim :]
        y = scope.apply(Reshape((*before, count, 1, *behind)), x)
        y = taken(scope, y, place + 1, [(0, self.repeats, 0)])
        return scope.apply(Reshape((*before, count * self.repeats, *behind)), y)
