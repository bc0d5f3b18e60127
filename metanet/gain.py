"""Gains: by how much the norm behind a block multiplies its weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from graphgen import EdgeBlock, Template
from graphgen.affine import affine
from metanet.batch import Part, float_offsets

NORMS = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm")
NOT_NORMED = ("mean", "variance", "scale", "hub", "place")


@dataclass(frozen=True)
class Gain:
    """The gain of each unit of a target: `scale / sqrt(variance + eps)`, as far as they are known.

    `variance` and `scale` say where the running variance and the scale lie in a row of values;
    `index` is the unit, within its group, that each edge enters, int64 (num_edges,).
    """

    variance: slice | None
    scale: slice | None
    eps: float
    index: Tensor

    def of(self, part: Part) -> Tensor:
        """Give the gain of every edge, (networks, num_edges)."""
        gain = part.values.new_ones(())
        if self.scale is not None:
            gain = part.values[:, self.scale]
        if self.variance is not None:
            gain = gain * (part.values[:, self.variance].clamp_min(0) + self.eps).rsqrt()
        return gain[:, self.index.to(gain.device)]


def find_gain(template: Template, block: EdgeBlock, taps: int) -> Gain | None:
    """Find the norm that a block's sums enter, None where there is none or it has no parameters.

    The last `taps` axes of the block are left out: its taps are channels of one edge.
    """
    if block.tensor is None or block.kind in NOT_NORMED:
        return None
    group = template.node_groups[block.target_group]
    place = block.step
    while place < len(group.steps) and group.steps[place].operation in ("bias", "add"):
        place += 1
    if place == len(group.steps) or group.steps[place].operation not in NORMS:
        return None
    variance = whole(template, block.target_group, "variance", place)
    scale = whole(template, block.target_group, "scale", place + 1)
    if variance is None and scale is None:
        return None
    axes = len(block.shape) - taps
    units = affine(
        block.shape[:axes], block.target_start - group.start, block.target_strides[:axes]
    )
    eps = float(dict(group.steps[place].attributes).get("eps", 0.0))
    return Gain(variance, scale, eps, torch.from_numpy(units.reshape(-1).copy()))


def whole(template: Template, group: int, kind: str, step: int) -> slice | None:
    """Find the tensor with a number for each unit of a group, of a kind and at a step."""
    units = template.node_groups[group]
    for block in template.blocks:
        if (
            (block.target_group, block.kind, block.step) == (group, kind, step)
            and (block.shape, block.target_start) == ((units.size,), units.start)
            and block.target_strides == (1,)
            and block.tensor is not None
            and block.tensor_strides is None
        ):
            start, size = float_offsets(template)[block.tensor]
            return slice(start, start + size)
    return None
