"""Interpolation, and channels moved into space and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphgen.importers.operators import space
from graphgen.importers.torch.operators.convolution import spread
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.torch.reading import Reading
from graphgen.importers.traced import Traced
from graphgen.importers.tracer import Tracer

MODES = {
    "upsample_nearest": "nearest", "_upsample_nearest_exact": "nearest-exact",
    "upsample_linear": "linear", "upsample_bilinear": "bilinear", "upsample_bicubic": "bicubic",
    "upsample_trilinear": "trilinear",
}  # fmt: skip


def _upsample(t: Reading, x: Traced, size: Any, *rest: Any) -> Traced:
    name = t.source.split(".")[1]
    mode = MODES[name[:-2]]
    given = list(rest)
    fields: dict[str, Any] = {"mode": mode} if mode != "nearest" else {}
    if "nearest" not in mode and given.pop(0):
        fields["align_corners"] = True
    factors = given[0] if given and isinstance(given[0], (list, tuple)) else given
    scales = [float(f) for f in factors if f is not None] if factors else []
    goal = list(t.shape[2:])
    if len(scales) == len(goal):
        fields["scale_factor"] = scales[0] if len(set(scales)) == 1 else scales
    else:
        fields["size"] = goal
    return space.upsample(t, x, goal, fields)


for _name in MODES:
    for _dims in (1, 2, 3):
        aten(f"{_name}{_dims}d")(_upsample)


@aten("pixel_shuffle", "pixel_unshuffle")
def pixel_shuffle(t: Tracer, x: Traced, factor: int) -> Traced:
    return space.pixel_shuffle(t, x, factor, undone="unshuffle" in t.source)


@aten("channel_shuffle", "native_channel_shuffle")
def channel_shuffle(t: Tracer, x: Traced, groups: int) -> Traced:
    return space.channel_shuffle(t, x, groups)


@aten("im2col")
def im2col(t: Tracer, x: Traced, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Traced:
    return space.unfold(t, x, *(spread(each, 2) for each in (kernel, dilation, padding, stride)))


@aten("col2im")
def col2im(
    t: Tracer,
    x: Traced,
    size: Sequence[int],
    kernel: Any,
    dilation: Any,
    padding: Any,
    stride: Any,
) -> Traced:
    given = [spread(each, 2) for each in (kernel, dilation, padding, stride)]
    return space.fold(t, x, list(size), *given)
