"""The automatic shortcut of a residual branch whose body changes the shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spec.architecture import ResolvedLayer, plain
from spec.primitives import Shape, show

NORMS = ("batch_norm", "group_norm")


def automatic_shortcut(
    before: Shape, after: Shape, body: Sequence[ResolvedLayer]
) -> list[dict[str, Any]] | str:
    """Give the layers that lead from one shape to the other, or a sentence if none do.

    On features it is a linear map; in space a convolution of size 1, with the stride that the
    shapes ask for, followed by the last norm of the body, if it has one (and then without a bias).
    """
    if len(before) == len(after) == 1:
        return [{"linear": {"out_features": after[0]}}]
    dims = len(before) - 1
    if len(after) != len(before) or dims not in (1, 2):
        return f"no automatic shortcut leads from {show(before)} to {show(after)}"
    stride = []
    for n, m in zip(before[1:], after[1:], strict=True):
        least = (n - 1) // m + 1  # the least stride that leaves no more than m positions
        if (n - 1) // least + 1 != m:
            return f"no convolution of size 1 leads from {show(before)} to {show(after)}"
        stride.append(least)
    norms = [layer for layer in body if layer.type in NORMS]
    convolution = {
        "out_channels": after[0],
        "kernel_size": 1,
        "stride": stride,
        "bias": not norms,
    }
    entries: list[dict[str, Any]] = [{f"conv{dims}d": convolution}]
    if norms:
        sizes = ("num_features", "num_channels")
        fields = {k: plain(v) for k, v in norms[-1].fields.items() if k not in sizes}
        entries.append({norms[-1].type: fields})
    return entries
