"""parameter: a learned value of any shape, such as queries, latents, tables and gates."""

from __future__ import annotations

from typing import ClassVar, Self

from spec.fields import choice, number, shape
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Learned, Shape, ShapeError
from spec.records import record


@register("parameter")
@record(frozen=True, kw_only=True)
class Parameter(Layer):
    """A learned value of this `shape`, without the batch; `[]` is a single number.

    The input plays no part. The tensor has the name of the layer, as an `nn.Parameter` has that of
    its attribute, and begins `constant`, `normal` (with `value` as its deviation) or `uniform`
    (between `-value` and `value`).
    """

    reads_nothing: ClassVar[bool] = True

    shape: tuple[int, ...] = shape(empty=True, summary="the shape without the batch")
    initial: str = choice(
        ("constant", "normal", "uniform"), default="constant", summary="how it begins"
    )
    value: float = number(default=0.0, summary="the constant, the deviation, or the bound")

    def infer(self, *shapes: Shape) -> Self:
        if self.value < 0 and self.initial != "constant":
            kind = "deviation" if self.initial == "normal" else "bound"
            raise ShapeError(f"`value` is {self.value:g}, but a {kind} is at least 0")
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        weight = scope.parameter("weight", self.shape, (self.initial, self.value), own_name=True)
        return scope.apply(Learned(), *inputs, tensors=(weight,))
