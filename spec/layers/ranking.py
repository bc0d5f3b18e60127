"""kthvalue, median, top_k, top_k_mask, hardmax, argmax, argmin: what is largest along an axis."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import array, axis, flag, flat, size, size_of
from spec.layer import Layer, Scope, Value, positive, register
from spec.layers.comparison import difference
from spec.primitives import Elementwise, Fixed, Reduce, Shape, ShapeError, show
from spec.records import record


@record(frozen=True, kw_only=True)
class Ranking(Layer):
    """What depends on the order of the items along the axis `dim`, counted with the batch."""

    dim: int = axis(default=-1)

    def infer(self, *shapes: Shape) -> Self:
        return replace(self, dim=positive("dim", self.dim, shapes[0]))


@record(frozen=True, kw_only=True)
class Counted(Ranking):
    """What depends on a number of items along the axis `dim`."""

    k: int = size(summary="the number of items up to which it counts, from the first in order")

    def infer(self, *shapes: Shape) -> Self:
        layer = super().infer(*shapes)
        count = shapes[0][layer.dim - 1]
        if self.k > count:
            raise ShapeError(
                f"`k` is {self.k}, but axis {layer.dim} of {show(shapes[0])} has {count} items"
            )
        return layer


@register("kthvalue")
@record(frozen=True, kw_only=True)
class KthValue(Counted):
    """The `k`-th smallest item along `dim`, as the values of `torch.kthvalue`."""

    keepdim: bool = flag(default=False)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return kth(scope, inputs[0], self.dim - 1, self.k, self.keepdim)


@register("median")
@record(frozen=True, kw_only=True)
class Median(Ranking):
    """The middle item along `dim`, the lower of two, as the values of `torch.median`."""

    keepdim: bool = flag(default=False)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        return kth(scope, x, self.dim - 1, (x.shape[self.dim - 1] + 1) // 2, self.keepdim)


@register("top_k_mask")
@record(frozen=True, kw_only=True)
class TopKMask(Counted):
    """1 for the `k` largest items along `dim`, 0 for the others.

    Items that equal the k-th are all among them, where `torch.topk` chooses some.
    """

    largest: bool = flag(default=True, summary="or the smallest ones")

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return among(scope, inputs[0], self.dim - 1, self.k, self.largest)


@register("top_k")
@record(frozen=True, kw_only=True)
class TopK(TopKMask):
    """The `k` largest items along `dim` in their places, and `value` in place of the others.

    Items that equal the k-th all stay, where `torch.topk` chooses some. The value may be `-.inf`,
    and is, where items are.
    """

    value: float | str = array(default=0.0, summary="what the others become, which may be infinite")

    def infer(self, *shapes: Shape) -> Self:
        if size_of(self.value):
            raise ShapeError("`value` is a list, expected one number")
        return super().infer(*shapes)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        mask = super().expand(scope, x)
        (value,) = flat(self.value)
        if not float(value):
            return scope.apply(Elementwise("multiply"), mask, x)
        filled = scope.apply(Fixed((1,) * len(x.shape), "numbers", (value,)), x)
        return scope.apply(Elementwise("where"), mask, x, filled)


@register("hardmax")
@record(frozen=True, kw_only=True)
class Hardmax(Ranking):
    """1 for the largest item along `dim`, 0 for the others: `argmax` as a product understands it.

    Of several equal ones all, or the `first` alone, as ONNX does.
    """

    first: bool = flag(default=False, summary="whether one alone of equal items is chosen")

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        mask = among(scope, x, self.dim - 1, 1, largest=True)
        return first_of(scope, mask, self.dim - 1) if self.first else mask


@register("argmax")
@record(frozen=True, kw_only=True)
class Argmax(Ranking):
    """The place of the largest item along `dim`, the first of equal ones, as `torch.argmax`.

    A whole number, which `one_hot`, `index_select` and `gather` take. It tells all items apart:
    where they may be exchanged, as experts or codes, `hardmax` and a product say so.
    """

    dim: int = axis()
    keepdim: bool = flag(default=False)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        return place_of(scope, x, self.dim - 1, self.keepdim, largest=True)


@register("argmin")
@record(frozen=True, kw_only=True)
class Argmin(Argmax):
    """The place of the smallest item along `dim`, the first of equal ones, as `torch.argmin`.

    A whole number, which `one_hot`, `index_select` and `gather` take.
    """

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        return place_of(scope, x, self.dim - 1, self.keepdim, largest=False)


def kth(scope: Scope, x: Value, place: int, k: int, keepdim: bool) -> Value:
    """Give the k-th smallest item along an axis, counted without the batch."""
    if k == x.shape[place]:
        return scope.apply(Reduce("max", axes=(place,), keepdim=keepdim), x)
    return scope.apply(Reduce("kthvalue", axes=(place,), keepdim=keepdim, k=k), x)


def among(scope: Scope, x: Value, place: int, k: int, largest: bool) -> Value:
    """Say which items are among the k largest, or smallest, along an axis: 1 or 0."""
    last = kth(scope, x, place, x.shape[place] - k + 1 if largest else k, keepdim=True)
    above = difference(scope, x, last) if largest else difference(scope, last, x)
    return scope.function("heaviside", above, values=1.0)


def first_of(scope: Scope, mask: Value, place: int) -> Value:
    """Keep the first 1 along an axis of a mask, by numbers that fall from item to item."""
    count = mask.shape[place]
    falling = lying_along(scope, mask, place, (float(count), -1.0))
    return among(scope, scope.apply(Elementwise("multiply"), mask, falling), place, 1, True)


def place_of(scope: Scope, x: Value, place: int, keepdim: bool, largest: bool) -> Value:
    """Give the place of the largest or smallest item along an axis."""
    mask = first_of(scope, among(scope, x, place, 1, largest), place)
    numbers = lying_along(scope, mask, place, (0.0, 1.0))
    numbered = scope.apply(Elementwise("multiply"), mask, numbers)
    return scope.apply(Reduce("sum", axes=(place,), keepdim=keepdim), numbered)


def lying_along(scope: Scope, x: Value, place: int, numbers: tuple[float, float]) -> Value:
    """Give numbers that begin and grow so along one axis of a value, with axes of one beside it."""
    start, step = numbers
    shape = [n if axis == place else 1 for axis, n in enumerate(x.shape)]
    items = tuple(start + step * i for i in range(x.shape[place]))
    return scope.apply(Fixed(tuple(shape), "numbers", items), x)
