"""The pooling layers: a maximum or a mean over windows of space, as in `torch.nn`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

from spec.fields import flag, size, sizes
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Reduce, Shape, ShapeError, show
from spec.records import make_record


class Pool(Layer):
    """A sliding window; the stride defaults to the window's size."""

    statistic: ClassVar[str]

    def infer(self, *shapes: Shape) -> Self:
        fields: Any = self
        stride = fields.kernel_size if fields.stride is None else fields.stride
        for padding, kernel in zip(fields.padding, fields.kernel_size, strict=True):
            if 2 * padding > kernel:
                raise ShapeError(f"`padding` {padding} is more than half of `kernel_size` {kernel}")
        dims = len(fields.kernel_size)
        if len(shapes[0]) != dims + 1:
            raise ShapeError(
                f"{dims}-dimensional pooling needs an input of {dims + 2} axes "
                f"(batch, channels, {'space' if dims == 1 else f'{dims} of space'}), got "
                f"{show(shapes[0])}"
            )
        return replace(self, **{"stride": stride})

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        fields: Any = self
        dilation = self._dilation()
        primitive = Reduce(
            self.statistic,
            fields.kernel_size,
            fields.stride,
            fields.padding,
            getattr(self, "count_include_pad", True),
            overhang=self._overhang(inputs[0].shape[1:]),
            dilation=dilation if any(d > 1 for d in dilation) else (),
            divisor=getattr(self, "divisor_override", None) or 0,
        )
        return scope.apply(primitive, *inputs)

    def _dilation(self) -> tuple[int, ...]:
        fields: Any = self
        return tuple(getattr(self, "dilation", (1,) * len(fields.kernel_size)))

    def _overhang(self, space: Shape) -> tuple[int, ...]:
        """Say how far the last windows reach beyond the padding; they begin before its far end."""
        fields: Any = self
        if not fields.ceil_mode:
            return ()
        result = []
        for items, kernel, stride, padding, dilation in zip(
            space, fields.kernel_size, fields.stride, fields.padding, self._dilation(), strict=True
        ):
            reach = dilation * (kernel - 1) + 1
            count = -(-(items + 2 * padding - reach) // stride) + 1
            if (count - 1) * stride >= items + padding:
                count -= 1
            result.append(max(0, (count - 1) * stride + reach - items - 2 * padding))
        return tuple(result) if any(result) else ()


class AdaptivePool(Layer):
    """A fixed number of bins along each spatial axis."""

    statistic: ClassVar[str]

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        fields: Any = self
        return scope.apply(Reduce(self.statistic, output_size=fields.output_size), *inputs)


def _define(name: str, dims: int, statistic: str, base: type[Layer]) -> None:
    fields: list[tuple[str, Any, Any]] = []
    if base is Pool:
        fields = [
            ("kernel_size", tuple[int, ...], sizes(dims)),
            ("stride", tuple[int, ...] | None, sizes(dims, default=None)),
            ("padding", tuple[int, ...], sizes(dims, default=0, minimum=0)),
        ]
        if statistic == "max":
            fields.append(("dilation", tuple[int, ...], sizes(dims, default=1)))
        fields.append(("ceil_mode", bool, flag(default=False)))
        if statistic == "mean":
            fields.append(("count_include_pad", bool, flag(default=True)))
            if dims > 1:
                fields.append(("divisor_override", int | None, size(default=None)))
    else:
        fields = [("output_size", tuple[int, ...], sizes(dims))]
    space = ("length", "height, width", "depth, height, width")[dims - 1]
    about = f"The {statistic} over windows of inputs `[N, channels, {space}]`."
    register(name)(make_record(name, fields, base, about, {"statistic": statistic}))


for _dims in (1, 2, 3):
    for _word, _statistic in (("max", "max"), ("avg", "mean")):
        _define(f"{_word}_pool{_dims}d", _dims, _statistic, Pool)
        _define(f"adaptive_{_word}_pool{_dims}d", _dims, _statistic, AdaptivePool)
