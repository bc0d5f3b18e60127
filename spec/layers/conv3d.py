"""conv3d: a convolution over three axes of space."""

from __future__ import annotations

from spec.fields import sizes
from spec.layer import register
from spec.layers.convolution import Convolution
from spec.layers.padding import Side, padding
from spec.records import record


@register("conv3d")
@record(frozen=True, kw_only=True)
class Conv3d(Convolution):
    """A convolution over inputs `[N, channels, depth, height, width]`, as `torch.nn.Conv3d`."""

    kernel_size: tuple[int, ...] = sizes(3)
    stride: tuple[int, ...] = sizes(3, default=1)
    padding: tuple[Side, ...] | str = padding(3)
    dilation: tuple[int, ...] = sizes(3, default=1)
