"""Which blocks are shown value by value, and how finely the others are binned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphgen.drawing.values.bins import MOST_NORMS, Bins, bins_of_block
from graphgen.template import EdgeBlock

EXACT_BLOCK = 131_072
EXACT_PAGE = 400_000
MOST_BYTES = 1_400_000
EXACT_BYTES, ROUNDED_BYTES = 5.0, 2.3
"""What a random float32 costs after gzip and base64, as it is and rounded."""
SIDES = ("rows", "columns")
STEPS = (
    (64, True, 4096), (64, False, 4096), (48, False, 2048), (32, False, 1024), (16, False, 256),
    (8, False, 0),
)  # fmt: skip
"""The bins along a side, whether means are shown, and the size up to which no block is binned."""


@dataclass(frozen=True)
class Plan:
    """The blocks that are shown value by value; the bins of others, and whether means are shown."""

    exact: frozenset[int]
    bins: Mapping[int, tuple[Bins, Bins]]
    means: bool


def plan(
    blocks: Mapping[int, EdgeBlock],
    times: int = 1,
    grains: Mapping[tuple[int, str], int] | None = None,
    most_bytes: float = MOST_BYTES,
) -> Plan:
    """Plan so that what the values cost stays below a bound, whatever the network's size.

    `times` is how often the values of each block are shown, three times where two networks are
    compared. The finest step is taken that fits, with as many of the smallest blocks shown value by
    value as then fit. `grains` are the runs of rows and of columns that bins should lie within.
    """
    room, known = most_bytes / times, grains or {}
    sizes = {index: block.num_edges for index, block in blocks.items()}
    exact: list[int] = []
    total = 0
    for size, index in sorted((size, index) for index, size in sizes.items()):
        total += size
        if size > EXACT_BLOCK or total > EXACT_PAGE:
            break
        exact.append(index)
    for side, means, least in STEPS:
        bins = {
            index: bins_of_block(block, side, [known.get((index, s), 0) for s in SIDES])
            for index, block in blocks.items()
        }
        costs = {index: cost(pair, means) for index, pair in bins.items()}
        kept = list(exact)
        spent = sum(costs.values()) + sum(EXACT_BYTES * sizes[k] - costs[k] for k in kept)
        while kept and spent > room and sizes[kept[-1]] > least:
            last = kept.pop()
            spent -= EXACT_BYTES * sizes[last] - costs[last]
        if spent <= room:
            break
    return Plan(frozenset(kept), {k: bins[k] for k in bins if k not in {*kept}}, means)


def cost(bins: tuple[Bins, Bins], means: bool) -> float:
    """Say how many bytes the bins and norms of a block cost."""
    rows, columns = bins
    norms = min(rows.cells, MOST_NORMS) + min(columns.cells, MOST_NORMS)
    return ROUNDED_BYTES * (rows.count * columns.count * (1 + means) + norms)
