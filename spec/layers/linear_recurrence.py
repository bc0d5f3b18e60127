"""linear_recurrence, cumsum: what is kept of the item before, along an axis."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

from spec.fields import axis, flag
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Fixed, Recurrence, Reshape, Shape, ShapeError, show
from spec.records import record


@register("linear_recurrence")
@record(frozen=True, kw_only=True)
class LinearRecurrence(Layer):
    """`h_t = a_t h_(t-1) + b_t` along `dim`, item by item: a selective state space's, say.

    The inputs are the factors a, the terms b and, where it does not begin at zero, the state before
    the first item, without the axis. Axes of size 1 are repeated. `reverse` runs from the end.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 3)

    dim: int = axis(default=1)
    reverse: bool = flag(default=False, summary="whether it runs from the end to the beginning")

    def infer(self, *shapes: Shape) -> Self:
        dim = positive("dim", self.dim, shapes[0])
        if len(shapes) > 2 and len(shapes[2]) != len(shapes[0]) - 1:
            raise ShapeError(
                "`linear_recurrence` begins with a value without the axis `dim`, of "
                f"{len(shapes[0]) - 1} axes behind the batch, got {show(shapes[2])}"
            )
        return replace(self, dim=dim)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        a, b, *initial = inputs
        place = self.dim - 1
        for begin in initial:
            shape = (*begin.shape[:place], 1, *begin.shape[place:])
            initial = [scope.apply(Reshape(shape), begin)]
        return scope.apply(Recurrence(place, self.reverse), a, b, *initial)


@register("cumsum")
@record(frozen=True, kw_only=True)
class CumulativeSum(Layer):
    """The sum of all items up to each along `dim`, as `torch.cumsum`."""

    dim: int = axis()

    def infer(self, *shapes: Shape) -> Self:
        return replace(self, dim=positive("dim", self.dim, shapes[0]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        one = scope.apply(Fixed((1,) * len(x.shape), "numbers", (1.0,)), x)
        return scope.apply(Recurrence(self.dim - 1), one, x)
