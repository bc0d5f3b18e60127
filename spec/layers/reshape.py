"""reshape: the same elements in another shape."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Self

from spec.errors import quoted
from spec.fields import REQUIRED, FieldError, Kind, declare, short, to_integer
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Reshape, Shape, ShapeError, show


def _shape(value: object) -> tuple[int, ...]:
    sizes = short(value) if isinstance(value, list | tuple) else [value]
    result = tuple(to_integer(item, -1) for item in sizes)
    if not result or 0 in result or result.count(-1) > 1:
        raise FieldError(f"expected positive integers, at most one of them -1, got {quoted(value)}")
    return result


_SIZE = {"type": "integer", "minimum": -1}


@register("reshape")
@dataclass(frozen=True, kw_only=True)
class ChangeShape(Layer):
    """The same elements in row-major order in `shape`, without the batch; one -1 is inferred."""

    shape: tuple[int, ...] = declare(
        Kind(_shape, {"anyOf": [_SIZE, {"type": "array", "items": _SIZE, "minItems": 1}]}), REQUIRED
    )

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        if -1 not in self.shape:
            return self
        known = prod(n for n in self.shape if n != -1)
        if prod(x) % known:
            raise ShapeError(
                f"the {prod(x)} elements of {show(x)} do not divide by {known}: no size in the "
                f"place of -1 makes `shape` {list(self.shape)} fit"
            )
        return replace(self, shape=tuple(prod(x) // known if n == -1 else n for n in self.shape))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        return scope.apply(Reshape(self.shape), *inputs)
