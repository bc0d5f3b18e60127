"""stack: several values along an axis of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

from spec.fields import axis
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Concat, Reshape, Shape, ShapeError, show
from spec.records import record


@register("stack")
@record(frozen=True, kw_only=True)
class Stack(Layer):
    """Inputs of one shape along a new axis `dim`, counted with the batch, as `torch.stack`."""

    inputs_allowed: ClassVar[tuple[int, int]] = (1, 1_000)

    dim: int = axis(default=1)

    def infer(self, *shapes: Shape) -> Self:
        if len(set(shapes)) > 1:
            raise ShapeError(
                "`stack` needs inputs of one shape, got " + " and ".join(map(show, shapes))
            )
        return replace(self, dim=positive("dim", self.dim, (*shapes[0], 1)))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        place = self.dim - 1
        shape = inputs[0].shape
        wide = Reshape((*shape[:place], 1, *shape[place:]))
        return scope.apply(Concat(place), *(scope.apply(wide, x) for x in inputs))
