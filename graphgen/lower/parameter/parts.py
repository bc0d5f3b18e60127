"""Tensors of which each use reads a part: each has the edges of its part only.

So it is with packed projections of two values: the rows of the queries are applied to one, those
of the keys and values to the other, and what each makes of the other rows is read by nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from math import prod
from operator import mul

import numpy as np

from graphgen.affine import affine
from graphgen.liveness import Bools, live_nodes
from graphgen.template import EdgeBlock, Template

Box = tuple[tuple[int, int], ...]
"""The first coordinate along each axis of a block, and how many there are."""


def in_parts(template: Template) -> Template:
    """Give the template whose uses of one tensor have the edges that an output depends on.

    Only where these parts of the tensor make up the whole, and no two of them overlap.
    """
    uses: dict[str, list[int]] = {}
    for place, block in enumerate(template.blocks):
        if block.tensor is not None:
            uses.setdefault(block.tensor, []).append(place)
    several = [places for places in uses.values() if len(places) > 1]
    if not any(len(whole_shapes([template.blocks[p] for p in places])) == 1 for places in several):
        return template
    alive = live_nodes(template)
    blocks = list(template.blocks)
    for places in several:
        for place, block in zip(places, split([blocks[p] for p in places], alive), strict=True):
            blocks[place] = block
    starts = accumulate((block.num_edges for block in blocks), initial=0)
    return replace(
        template,
        blocks=tuple(
            replace(b, edge_start=first) for b, first in zip(blocks, starts, strict=False)
        ),
    )


def split(uses: Sequence[EdgeBlock], alive: Bools) -> Sequence[EdgeBlock]:
    """Cut the uses of one tensor to their parts, if these make up the whole."""
    boxes = [live_box(block, alive) for block in uses]
    shapes = whole_shapes(uses)
    parts = {box for box in boxes if box is not None}
    whole = len(shapes) == 1 and None not in boxes and len(parts) > 1
    if not whole or sum(prod(n for _, n in box) for box in parts) != prod(*shapes):
        return uses
    if any(overlapping(a, b) for a in parts for b in parts if a != b):
        return uses
    owned: set[Box] = set()
    cut = []
    for block, box in zip(uses, boxes, strict=True):
        if box is not None:
            cut.append(replace(cut_to(block, box), tied=box in owned))
            owned.add(box)
    return cut


def whole_shapes(uses: Sequence[EdgeBlock]) -> set[tuple[int, ...]]:
    """Give the shapes of those uses that have the tensor in its own order."""
    return {block.shape for block in uses if block.tensor_strides is None}


def live_box(block: EdgeBlock, alive: Bools) -> Box | None:
    """Give the coordinates whose edges lead to nodes that are `alive`; None if they are no box."""
    into = tuple(n if s else 1 for n, s in zip(block.shape, block.target_strides, strict=True))
    live = alive[affine(into, block.target_start, block.target_strides)]
    box = []
    for axis, n in enumerate(block.shape):
        if into[axis] == 1:
            box.append((0, n))
            continue
        own = np.flatnonzero(live.any(axis=tuple(k for k in range(live.ndim) if k != axis)))
        if not len(own):
            return None
        box.append((int(own[0]), int(own[-1] - own[0] + 1)))
    size = prod(n for (_, n), out in zip(box, into, strict=True) if out > 1)
    return tuple(box) if int(live.sum()) == size else None


def overlapping(a: Box, b: Box) -> bool:
    """Say whether two boxes have a coordinate in common."""
    return all(max(i, j) < min(i + m, j + n) for (i, m), (j, n) in zip(a, b, strict=True))


def cut_to(block: EdgeBlock, box: Box) -> EdgeBlock:
    """Give the block of the edges in a box."""
    steps = tuple(accumulate(reversed(block.shape[1:]), mul, initial=1))[::-1]
    firsts = [first for first, _ in box]
    return replace(
        block,
        shape=tuple(n for _, n in box),
        source_start=block.source_start + sum(map(mul, firsts, block.source_strides)),
        target_start=block.target_start + sum(map(mul, firsts, block.target_strides)),
        tensor_start=sum(map(mul, firsts, steps)),
        tensor_strides=steps,
    )
