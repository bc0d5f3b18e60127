"""A layer: each channel times a number that is learned."""

from spec import Layer, Scope, Value
from spec.layer import channels


class ChannelScale(Layer):
    """Multiply each channel by a parameter."""

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        count = channels(self.type, x.shape)
        weight = scope.parameter("weight", (count,), ("constant", 1.0))
        return scope.multiply(x, weight, axis=0)
