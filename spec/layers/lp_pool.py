"""lp_pool1d, lp_pool2d, lp_pool3d: a norm over windows of space, as in `torch.nn`."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from spec.fields import flag, number, sizes
from spec.layer import Scope, Value, register
from spec.layers.pooling import Pool
from spec.records import make_record

SPACE = {1: "length", 2: "height, width", 3: "depth, height, width"}


class PowerPool(Pool):
    """A sliding window without padding; as in PyTorch a window that is cut off counts as whole."""

    statistic: ClassVar[str] = "mean"

    @property
    def padding(self) -> tuple[int, ...]:
        """The padding, which these layers do not have."""
        fields: Any = self
        return (0,) * len(fields.kernel_size)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        fields: Any = self
        (x,) = inputs
        power, count = fields.norm_type, prod(fields.kernel_size)
        x = scope.function("power", x, exponent=power) if power != 1 else x
        y = scope.function("scale_by", super().expand(scope, x), factor=float(count))
        return scope.function("power", y, exponent=1 / power) if power != 1 else y


def _define(dims: int) -> None:
    fields: list[tuple[str, Any, Any]] = [
        ("norm_type", float, number(minimum=1e-12)),
        ("kernel_size", tuple[int, ...], sizes(dims)),
        ("stride", tuple[int, ...] | None, sizes(dims, default=None)),
        ("ceil_mode", bool, flag(default=False)),
    ]
    about = f"`sum(x^p)^(1/p)` over windows of inputs `[N, channels, {SPACE[dims]}]`."
    register(f"lp_pool{dims}d")(make_record(f"lp_pool{dims}d", fields, PowerPool, about))


for _dims in SPACE:
    _define(_dims)
