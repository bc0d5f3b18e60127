"""softmax, softmin, log_softmax: positive shares that sum to one, and their logarithms."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec.fields import axis
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Elementwise, Normalise, Reduce, Shape, Transpose
from spec.records import record


@register("softmax")
@record(frozen=True, kw_only=True)
class Softmax(Layer):
    """`exp(x) / sum(exp(x))` over the axis `dim`, counted with the batch."""

    dim: int = axis(default=-1)

    def infer(self, *shapes: Shape) -> Self:
        return replace(self, dim=positive("dim", self.dim, shapes[0]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return shares(scope, inputs[0], self.dim - 1)


@register("softmin")
@record(frozen=True, kw_only=True)
class Softmin(Softmax):
    """`exp(-x) / sum(exp(-x))` over the axis `dim`, counted with the batch."""

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return shares(scope, scope.function("scale_by", inputs[0], factor=-1.0), self.dim - 1)


@register("log_softmax")
@record(frozen=True, kw_only=True)
class LogSoftmax(Softmax):
    """`x - log(sum(exp(x)))` over the axis `dim`, counted with the batch."""

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        total = scope.apply(Reduce("logsumexp", axes=(self.dim - 1,), keepdim=True), x)
        return scope.apply(Elementwise("add"), x, scope.function("scale_by", total, factor=-1.0))


def shares(scope: Scope, x: Value, place: int) -> Value:
    """Give the shares along one axis, counted without the batch."""
    last = len(x.shape) - 1
    order = list(range(last + 1))
    order[place], order[last] = last, place
    turned = x if place == last else scope.apply(Transpose(tuple(order)), x)
    y = scope.apply(Normalise("softmax", 0.0), turned)
    return y if place == last else scope.apply(Transpose(tuple(order)), y)
