"""Which nodes of a template an output depends on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.template import EdgeBlock, Template


def live_nodes(template: Template) -> NDArray[np.bool_]:
    """Say of each node whether an output depends on it; what is normed together lives together."""
    alive = np.zeros(template.num_nodes, dtype=np.bool_)
    for group in template.node_groups:
        alive[group.start : group.start + group.size] = group.output >= 0
    count = -1
    while count != (count := int(alive.sum())):
        for block in reversed(template.blocks):
            alive[live_sources(block, alive)] = True
            group = template.node_groups[block.target_group]
            if block.kind == "hub" and group.normed > 1:
                alive[block.targets()[alive[block.sources()]]] = True
        for group in template.node_groups:
            if group.normed == group.size > 1:
                part = alive[group.start : group.start + group.size]
                part |= part.any()
    return alive


def live_sources(block: EdgeBlock, alive: NDArray[np.bool_]) -> NDArray[np.int64]:
    """List the sources of a block's edges into nodes that are `alive`: made of nodes, not edges."""
    moves = list(zip(block.shape, block.source_strides, block.target_strides, strict=True))
    into = tuple(n if target else 1 for n, _, target in moves)
    apart = tuple(k for k, (_, source, _) in enumerate(moves) if not source)
    targets = affine(into, block.target_start, block.target_strides)
    reached: NDArray[np.bool_] = np.any(alive[targets], axis=apart, keepdims=True)
    out = tuple(n if source else 1 for n, source, _ in moves)
    sources = affine(out, block.source_start, block.source_strides)
    found: NDArray[np.int64] = sources[np.broadcast_to(reached, out)]
    return found
