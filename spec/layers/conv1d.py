"""conv1d: a convolution over one axis of space."""

from __future__ import annotations

from spec.fields import sizes
from spec.layer import register
from spec.layers.convolution import Convolution
from spec.layers.padding import Side, padding
from spec.records import record


@register("conv1d")
@record(frozen=True, kw_only=True)
class Conv1d(Convolution):
    """A convolution over inputs `[N, channels, length]`, as `torch.nn.Conv1d`."""

    kernel_size: tuple[int, ...] = sizes(1)
    stride: tuple[int, ...] = sizes(1, default=1)
    padding: tuple[Side, ...] | str = padding(1)
    dilation: tuple[int, ...] = sizes(1, default=1)
