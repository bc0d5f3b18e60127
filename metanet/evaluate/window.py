"""A convolution, in torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from graphgen.evaluate.window import sources
from metanet.evaluate.preparation import prepared
from spec.primitives import Window

TRANSPOSED: dict[int, Callable[..., Tensor]] = {
    1: F.conv_transpose1d,
    2: F.conv_transpose2d,
    3: F.conv_transpose3d,
}
CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def run(primitive: Window, training: bool, x: Tensor, weight: Tensor) -> Tensor:
    """Convolve x (N, C, *space) with weight (out, C / groups, *kernel)."""
    if primitive.prepared is not None:
        ready = prepared(primitive.prepared, weight)
        return run(replace(primitive, prepared=None), training, x, ready)
    if primitive.symmetry:
        return turned(primitive, x, weight)
    dims = len(primitive.stride)
    if primitive.transposed:
        return TRANSPOSED[dims](
            x,
            weight,
            None,
            primitive.stride,
            primitive.padding,
            primitive.output_padding or 0,
            primitive.groups,
            primitive.dilation,
        )
    if primitive.padding_mode != "zeros":
        pads = [p for padding in reversed(primitive.padding) for p in (padding, padding)]
        x = F.pad(x, pads, mode=primitive.padding_mode)
        primitive = replace(primitive, padding=(0,) * dims, padding_mode="zeros")
    convolution = CONVOLUTIONS[dims]
    return convolution(
        x,
        weight,
        None,
        primitive.stride,
        primitive.padding,
        primitive.dilation,
        primitive.groups,
    )


def turned(primitive: Window, x: Tensor, weight: Tensor) -> Tensor:
    """Convolve with a kernel in all orientations."""
    count = primitive.orientations
    filters = torch.stack([orient(weight, r) for r in range(count)], dim=1)
    filters = filters.reshape(weight.shape[0] * count, -1, *weight.shape[-2:])
    merged = x.reshape(x.shape[0], -1, *x.shape[-2:])
    result = run(replace(primitive, symmetry=""), False, merged, filters)
    return result.reshape(x.shape[0], weight.shape[0], count, *result.shape[2:])


def orient(weight: Tensor, r: int) -> Tensor:
    """Turn a kernel (mirrored if r > 3), and the orientations that it takes with it."""
    kernel = torch.flip(weight, (-1,)) if r > 3 else weight
    kernel = torch.rot90(kernel, r % 4, (-2, -1))
    return kernel if weight.ndim == 4 else kernel[:, :, sources(weight.shape[2], r)]
