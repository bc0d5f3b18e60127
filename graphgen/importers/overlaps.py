"""Weights that share numbers without being equal, such as a matrix and its transpose."""

from __future__ import annotations

import numpy as np

from graphgen.importers.network import Network, Weight


def overlapping(network: Network) -> set[str]:
    """Give the names of tensors of which layers have parts, or forms, that share numbers.

    Equal views are one tensor; views without a common number, as the parts of queries and keys,
    are several. What is left would be learned apart, though the model learns it as one.
    """
    weights = {w.place: w for node in network.nodes for w in node.tensors.values()}
    spans = sorted(
        (*np.lib.array_utils.byte_bounds(weight.array), place)
        for place, weight in weights.items()
        if weight.array.size
    )
    found: set[str] = set()
    open_: list[tuple[int, Weight]] = []
    for low, high, place in spans:
        weight = weights[place]
        open_ = [(end, other) for end, other in open_ if end > low]
        for _, other in open_:
            if _share(weight, other):
                found |= {weight.name, other.name}
        open_.append((high, weight))
    return found


def _share(one: Weight, other: Weight) -> bool:
    return bool(np.shares_memory(one.array, other.array))
