"""unsqueeze, squeeze, unflatten: axes of one item put in or taken out, an axis cut in several."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Self

from spec.fields import axes, axis, with_unknown
from spec.layer import Layer, Scope, Value, positive, positives, register
from spec.primitives import Reshape, Shape, ShapeError, show
from spec.records import record


@register("unsqueeze")
@record(frozen=True, kw_only=True)
class Unsqueeze(Layer):
    """Put in an axis of one item as axis `dim`, counted with the batch, as `torch.unsqueeze`."""

    dim: int = axis()

    def infer(self, *shapes: Shape) -> Self:
        return replace(self, dim=positive("dim", self.dim, (*shapes[0], 1)))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        place = self.dim - 1
        return scope.apply(Reshape((*x.shape[:place], 1, *x.shape[place:])), x)


@register("squeeze")
@record(frozen=True, kw_only=True)
class Squeeze(Layer):
    """Take out the axes `dim`, or all, that have one item, as `torch.squeeze`."""

    dim: tuple[int, ...] | None = axes(default=None)

    def infer(self, *shapes: Shape) -> Self:
        if self.dim is None:
            return self
        return replace(self, dim=positives("dim", self.dim, shapes[0]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        named = range(1, len(x.shape) + 1) if self.dim is None else self.dim
        rows = enumerate(x.shape, start=1)
        return scope.apply(Reshape(tuple(n for d, n in rows if n > 1 or d not in named)), x)


@register("unflatten")
@record(frozen=True, kw_only=True)
class Unflatten(Layer):
    """Cut the axis `dim` into axes of `unflattened_size`; one -1 is inferred."""

    dim: int = axis()
    unflattened_size: tuple[int, ...] = with_unknown()

    def infer(self, *shapes: Shape) -> Self:
        dim = positive("dim", self.dim, shapes[0])
        size, sizes = shapes[0][dim - 1], self.unflattened_size
        known = prod(n for n in sizes if n != -1)
        if size % known if -1 in sizes else size != known:
            raise ShapeError(
                f"the {size} items of axis {dim} of {show(shapes[0])} do not divide into "
                f"`unflattened_size` {list(sizes)}"
            )
        sizes = tuple(size // known if n == -1 else n for n in sizes)
        return replace(self, dim=dim, unflattened_size=sizes)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        before, behind = x.shape[: self.dim - 1], x.shape[self.dim :]
        return scope.apply(Reshape((*before, *self.unflattened_size, *behind)), x)
