"""How far parameters are to move, by the fan-in of their neurons."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from graphgen import Template
from metanet.batch import float_offsets
from metanet.layout import scalars

REFERENCE = 32
"""The fan-in at which a step is taken as it is."""
SUMMED = ("linear", "window1d", "window2d", "window3d", "recurrent")
"""Kinds of blocks whose edges a neuron sums; of a table it takes one row at a time."""


@lru_cache(maxsize=64)
def step_scales(template: Template, power: float) -> Tensor:
    """Give for each parameter the share of a step that it takes, float64 (P,).

        scales = step_scales(template, 1.0)

    It is (32 / fan-in) ** power for weights of linear maps, convolutions and recurrences, and 1 for
    others: biases, scales, tables, positions. With a power of 1, what an update of Adam's kind adds
    to a neuron's sum does not grow with the width (Yang et al., 2023, "A spectral condition for
    feature learning"; for learned optimizers: Thérien et al., 2024), so that one learned step suits
    narrow and wide networks.
    """
    offsets = float_offsets(template)
    scales = torch.ones(sum(size for _, size in offsets.values()), dtype=torch.float64)
    for block in template.blocks:
        if block.tensor is None or block.tied or block.kind not in SUMMED:
            continue
        start, size = offsets[block.tensor]
        own = scalars(template, block)
        scales[slice(start, start + size) if own is None else own] = (
            REFERENCE / block.fan_in
        ) ** power
    return scales
