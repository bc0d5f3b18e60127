"""one_hot, gather: choosing by indices, which an input holds or something computes."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

from spec.fields import axis, size
from spec.layer import Layer, Scope, Value, positive, register
from spec.layers.comparison import difference, unequal
from spec.primitives import Contract, Fixed, Lookup, Reshape, Shape, ShapeError, show
from spec.primitives.contract import LETTERS
from spec.records import record


@register("one_hot")
@record(frozen=True, kw_only=True)
class OneHot(Layer):
    """1 at the place that an index names, 0 elsewhere, along a new last axis of `num_classes`.

    An input of indices from 0 to `num_classes - 1`, or whole numbers that something computes, such
    as `argmax`. As `torch.nn.functional.one_hot`, but for the dtype, which is the network's.
    """

    num_classes: int = size(summary="how many places there are")

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return hot(scope, inputs[0], self.num_classes)


@register("gather")
@record(frozen=True, kw_only=True)
class Gather(Layer):
    """Of x and indices: the items along `dim` that these name, as `torch.gather`.

    Both have as many axes, and equal sizes along all others. The indices are an input of the
    network, or whole numbers that something computes.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 2)

    dim: int = axis()

    def infer(self, *shapes: Shape) -> Self:
        x, index = shapes
        dim = positive("dim", self.dim, x)
        if len(x) != len(index) or x[: dim - 1] + x[dim:] != index[: dim - 1] + index[dim:]:
            raise ShapeError(
                f"`gather` along axis {dim} needs x and indices of equal sizes along all others, "
                f"got {show(x)} and {show(index)}"
            )
        return replace(self, dim=dim)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        x, index = inputs
        place = self.dim - 1
        chosen = hot(scope, index, x.shape[place], x)
        own = LETTERS[: len(x.shape)]
        named = LETTERS[len(own)].join((own[:place], own[place + 1 :]))
        equation = f"{named}{own[place]},{own}->{named}"
        return scope.apply(Contract(equation, values=2), chosen, x)


def hot(scope: Scope, index: Value, count: int, like: Value | None = None) -> Value:
    """Give 1 at the place that an index names, 0 elsewhere, along a new last axis.

    Indices that an input holds are looked up, others are compared with the number of each place.
    """
    if index.name in scope.given:
        return scope.apply(Lookup("one_hot", count), index, *([like] if like else []))
    turned = scope.apply(Reshape((*index.shape, 1)), index)
    shape = (*(1,) * len(index.shape), count)
    places = scope.apply(Fixed(shape, "numbers", tuple(map(float, range(count)))), index)
    apart = unequal(scope, difference(scope, turned, places))
    apart = scope.function("scale_by", apart, factor=-1.0)
    return scope.function("shift_by", apart, value=1.0)
