"""prelu: a rectifier with a learned slope."""

from __future__ import annotations

from spec.fields import number, size
from spec.layer import Layer, Scope, Value, register
from spec.primitives import (
    Elementwise,
    ShapeError,
    show,
)
from spec.records import record


@register("prelu")
@record(frozen=True, kw_only=True)
class PReLU(Layer):
    """`x` where positive, `weight x` elsewhere, as `torch.nn.PReLU`.

    One slope, or one for each channel.
    """

    num_parameters: int = size(default=1)
    init: float = number(default=0.25)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        if self.num_parameters > 1 and x.shape[:1] != (self.num_parameters,):
            raise ShapeError(
                f"`num_parameters` is {self.num_parameters}: 1 or the channels of {show(x.shape)}"
            )
        weight = scope.parameter("weight", (self.num_parameters,), ("constant", self.init))
        along = 0 if self.num_parameters > 1 else None
        return scope.apply(Elementwise("prelu", axis=along), x, tensors=(weight,))
