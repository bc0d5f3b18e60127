"""A plan's slices as a table of whole numbers, as the kernels read it: see `runs.h`."""

from __future__ import annotations

from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from metanet.backends.backend import POWERS
from metanet.layout import BlockLayout
from metanet.plan import Plan

MOST_AXES = 16
"""The kernels count along so many axes at most."""

Axes = tuple[tuple[int, int, int], ...]
"""Of each axis its size, and how far apart two neighbours' sources and targets lie."""

_tables: WeakKeyDictionary[Plan, dict[str, tuple[Tensor, int] | None]] = WeakKeyDictionary()


def table_of(plan: Plan, aggregation: str) -> tuple[Tensor, int] | None:
    """Give the table and its number of axes, once for each plan; None if there are too many."""
    own = _tables.setdefault(plan, {})
    if aggregation not in own:
        own[aggregation] = make_table(plan, aggregation)
    return own[aggregation]


def make_table(plan: Plan, aggregation: str) -> tuple[Tensor, int] | None:
    """Write a line for each slice."""
    every = [axes_of(piece.block) for piece in plan.slices]
    count = 1 + max(len(axes) for axes in every)
    if count > MOST_AXES:
        return None
    table = np.zeros((len(every), 7 + 3 * count), dtype=np.int64)
    table[:, 7 : 7 + count] = 1
    for line, piece, axes in zip(table, plan.slices, every, strict=True):
        source, target = piece.source, piece.target
        line[:5] = piece.start, piece.stop, source.start, target.start, piece.rows.start
        networks = piece.networks, source.strides[0], target.strides[0]
        columns = line[7:].reshape(3, count)
        columns[:, 0] = networks
        columns[:, count - len(axes) :] = np.array(axes).T
    fans = [(piece.target.fan, piece.source.fan) for piece in plan.slices]
    shares = np.array(fans, dtype=np.float64) ** POWERS[aggregation]
    table[:, 5:7] = shares.view(np.int64)
    return torch.from_numpy(table), count


def axes_of(block: BlockLayout) -> Axes:
    """Give the axes of a block, at least one."""
    return merged(tuple(zip(block.shape, block.source_strides, block.target_strides, strict=True)))


@lru_cache(maxsize=8192)
def merged(axes: Axes) -> Axes:
    """Make axes one where their edges lie as along one, and leave out those of one edge."""
    result: list[tuple[int, int, int]] = []
    for size, source, target in axes:
        if size == 1:
            continue
        if result and result[-1][1:] == (size * source, size * target):
            result[-1] = (result[-1][0] * size, source, target)
        else:
            result.append((size, source, target))
    return tuple(result) or ((1, 0, 0),)
