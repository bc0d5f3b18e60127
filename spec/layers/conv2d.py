"""conv2d: a convolution over two axes of space."""

from __future__ import annotations

from spec.fields import sizes
from spec.layer import register
from spec.layers.convolution import Convolution
from spec.layers.padding import Side, padding
from spec.records import record


@register("conv2d")
@record(frozen=True, kw_only=True)
class Conv2d(Convolution):
    """A convolution over inputs `[N, channels, height, width]`, as `torch.nn.Conv2d`."""

    kernel_size: tuple[int, ...] = sizes(2)
    stride: tuple[int, ...] = sizes(2, default=1)
    padding: tuple[Side, ...] | str = padding(2)
    dilation: tuple[int, ...] = sizes(2, default=1)
