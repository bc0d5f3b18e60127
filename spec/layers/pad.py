"""pad: items put around a value, or taken away from it."""

from __future__ import annotations

from typing import Self

from spec.errors import quoted
from spec.fields import REQUIRED, FieldError, Kind, choice, declare, number, short, to_integer
from spec.layer import Layer, Scope, Value, register
from spec.layers.taking import padded
from spec.primitives import Shape, ShapeError, show
from spec.primitives.primitive import MAX_ELEMENTS
from spec.records import record

MODES = ("constant", "reflect", "replicate", "circular")


def _around(value: object) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not value or len(value) % 2:
        raise FieldError(
            "expected two integers for each axis, from the last one on: "
            f"[left, right, top, bottom], got {quoted(value)}"
        )
    return tuple(to_integer(item, -MAX_ELEMENTS) for item in short(value))


@register("pad")
@record(frozen=True, kw_only=True)
class Pad(Layer):
    """Put items around a value, as `torch.nn.functional.pad`.

    `pad` has two numbers for each axis, before and behind, from the last axis on: `[left, right,
    top, bottom]`; negative ones take items away. `constant` items are `value` (0); `reflect`
    mirrors those of the value at its border, `replicate` repeats the border, and `circular` goes on
    at the other end.
    """

    pad: tuple[int, ...] = declare(Kind(_around, {"type": "array", "minItems": 1}), REQUIRED)
    mode: str = choice(MODES, default="constant")
    value: float | None = number(default=None)

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        if len(self.pad) > 2 * len(x):
            raise ShapeError(
                f"`pad` has {len(self.pad)} numbers, two for each axis, but {show(x)} has "
                f"{len(x)} axes behind the batch"
            )
        if self.value is not None and self.mode != "constant":
            raise ShapeError(f"`value` is for the mode 'constant', got the mode {self.mode!r}")
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        rank = len(x.shape)
        for number_ in reversed(range(len(self.pad) // 2)):
            around = self.pad[2 * number_], self.pad[2 * number_ + 1]
            x = padded(scope, x, rank - 1 - number_, around, self.mode, self.value or 0.0)
        return x
