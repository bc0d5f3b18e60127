"""conv_transpose: the adjoint of a convolution, in 1, 2 and 3 dimensions."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any, Self

from spec.fields import flag, size, sizes
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import (
    Shape,
    ShapeError,
    Window,
    show,
)
from spec.records import make_record, record


@record(frozen=True, kw_only=True)
class TransposedConvolution(Layer):
    """A transposed convolution, as `torch.nn.ConvTranspose1d` and its siblings."""

    in_channels: int | None = size(default=None)
    out_channels: int = size()
    groups: int = size(default=1)
    bias: bool = flag(default=True)

    def infer(self, *shapes: Shape) -> Self:
        fields: Any = self
        if len(shapes[0]) != len(fields.kernel_size) + 1:
            raise ShapeError(
                f"`{self.type}` needs an input of {len(fields.kernel_size) + 2} axes "
                f"(batch, channels, space), got {show(shapes[0])}"
            )
        channels = agree("in_channels", self.in_channels, shapes[0][0])
        for field, count in (("in_channels", channels), ("out_channels", self.out_channels)):
            if count % self.groups:
                raise ShapeError(f"`{field}` {count} does not divide into {self.groups} groups")
        for place, extra in enumerate(fields.output_padding):
            if extra >= max(fields.stride[place], fields.dilation[place]):
                raise ShapeError(
                    f"`output_padding` {extra} must be less than `stride` {fields.stride[place]} "
                    f"or `dilation` {fields.dilation[place]}"
                )
        return replace(self, in_channels=channels)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        fields: Any = self
        (x,) = inputs
        per_group = self.out_channels // self.groups
        initial = ("uniform", (per_group * prod(fields.kernel_size)) ** -0.5)
        weight = scope.parameter("weight", (x.shape[0], per_group, *fields.kernel_size), initial)
        window = Window(
            fields.stride,
            fields.padding,
            fields.dilation,
            self.groups,
            transposed=True,
            output_padding=fields.output_padding,
        )
        y = scope.apply(window, x, tensors=(weight,))
        if self.bias:
            y = scope.add(y, scope.parameter("bias", (self.out_channels,), initial), axis=0)
        return y


for _dims in (1, 2, 3):
    _fields: list[tuple[str, Any, Any]] = [
        ("kernel_size", tuple[int, ...], sizes(_dims)),
        ("stride", tuple[int, ...], sizes(_dims, default=1)),
        ("padding", tuple[int, ...], sizes(_dims, default=0, minimum=0)),
        ("output_padding", tuple[int, ...], sizes(_dims, default=0, minimum=0)),
        ("dilation", tuple[int, ...], sizes(_dims, default=1)),
    ]
    _doc = f"A transposed convolution over {_dims} axes, as `torch.nn.ConvTranspose{_dims}d`."
    register(f"conv_transpose{_dims}d")(
        make_record(f"ConvTranspose{_dims}d", _fields, TransposedConvolution, _doc)
    )
