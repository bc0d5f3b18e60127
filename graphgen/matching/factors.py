"""Factors of neurons: which weights they multiply, and how they go along with their neurons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphgen.symmetry.scalings import Scalings

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


def stages(group: Scalings) -> Numbers:
    """List the unknowns of each node, one for each step: (steps, nodes), the last repeated."""
    depth = max(len(own) for own in group.stages)
    columns = [
        np.stack([own[min(step, len(own) - 1)] for step in range(depth)]) for own in group.stages
    ]
    return np.concatenate(columns, axis=1)


def carried(group: Scalings, nodes: Numbers, values: Floats) -> Floats:
    """Let factors go with their neurons: node i gets those of `nodes[i]`."""
    table = stages(group)
    result = values.copy()
    result[table] = values[table[:, nodes]]
    return result
