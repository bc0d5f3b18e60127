"""mean, amax, sum, logsumexp: a statistic over whole axes, as those of `torch`."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

from spec.fields import axes, flag
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Reduce, Shape, ShapeError
from spec.records import record


@record(frozen=True, kw_only=True)
class Reduction(Layer):
    """A statistic over the axes `dim`, counted with the batch."""

    statistic: ClassVar[str]

    dim: tuple[int, ...] = axes()
    keepdim: bool = flag(default=False)

    def infer(self, *shapes: Shape) -> Self:
        dim = tuple(sorted(positive("dim", d, shapes[0]) for d in self.dim))
        if len(set(dim)) < len(dim):
            raise ShapeError(f"`dim` {list(self.dim)} names an axis twice")
        return replace(self, dim=dim)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        places = tuple(d - 1 for d in self.dim)
        return scope.apply(Reduce(self.statistic, axes=places, keepdim=self.keepdim), *inputs)


@register("mean")
@record(frozen=True, kw_only=True)
class Mean(Reduction):
    """The mean over the axes `dim`, counted with the batch."""

    statistic = "mean"


@register("amax")
@record(frozen=True, kw_only=True)
class Maximum(Reduction):
    """The maximum over the axes `dim`, counted with the batch."""

    statistic = "max"


@register("sum")
@record(frozen=True, kw_only=True)
class Sum(Reduction):
    """The sum over the axes `dim`, counted with the batch."""

    statistic = "sum"


@register("logsumexp")
@record(frozen=True, kw_only=True)
class LogSumExp(Reduction):
    """The logarithm of the sum of exponentials over the axes `dim`, counted with the batch."""

    statistic = "logsumexp"
