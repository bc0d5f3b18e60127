"""Tensors that the structure does not tell apart, and what their values say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.differences.incidence import Words, mix
from graphgen.differences.isomorphism import Isomorphism
from graphgen.differences.neurons import Neurons
from graphgen.differences.uses import uses_of


def alike_tensors(found: Isomorphism) -> list[tuple[str, ...]]:
    """List sets of the first network's tensors that lie between nodes of the same colours."""
    sets: dict[tuple[Any, ...], dict[str, None]] = {}
    colours = found.classes
    for use in uses_of(found.first):
        ends = [colours[use.targets]] + ([] if use.sources is None else [colours[use.sources]])
        told = tuple(np.unique(end).tobytes() for end in ends)
        key = (use.key, use.steps[0, 0], *(end.size for end in ends), *told)
        sets.setdefault(key, {})[use.tensor] = None
    kept = dict.fromkeys(tuple(names) for names in sets.values() if len(names) > 1)
    return [*kept]


def values_of(side: Neurons, arrays: Mapping[str, NDArray[Any]]) -> Words:
    """Label nodes by the weights around them, alike for all nodes of a colour in one group.

    No order of neurons matters: the values of each tensor's edges into a group are summed up as
    hashes.
    """
    result = np.zeros(side.template.num_nodes, dtype=np.uint64)
    for use in uses_of(side):
        values = np.ascontiguousarray(arrays[use.tensor], dtype=np.float64).reshape(-1)
        hashed = mix(values.view(np.uint64))
        told = np.zeros(use.targets.shape, dtype=np.uint64)
        for b in range(len(use.targets)):
            for start in range(0, use.targets.shape[1], 64):
                rows = use.into[b, start : start + 64, None, None]
                grid = rows + use.out_of[b][:, None] + use.beside
                told[b, start : start + 64] = hashed[grid].sum(axis=(1, 2), dtype=np.uint64)
        groups = side.group[use.targets]
        for group in np.unique(groups).tolist():
            inside = groups == group
            sum_ = told[inside].sum(dtype=np.uint64)
            nodes = use.targets[inside]
            result[nodes] += mix(np.array([sum_]))[0]
    return result
