"""A distance below which no symmetry brings two networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.matching.incidence import Incidence
from graphgen.matching.labels import Hashes
from graphgen.matching.refinement import Refinement
from graphgen.matching.scalars import Scalars
from graphgen.symmetry.rows import mix

Floats = NDArray[np.float64]


def lower_bound(
    scalars: Scalars,
    dead: NDArray[np.bool_],
    target: Floats,
    weights: Floats,
    signed: NDArray[np.bool_],
    sized: NDArray[np.bool_],
) -> float:
    """Bound the distance of two networks' scalars from below, whatever symmetry is applied.

    Colours that refinement gives to the nodes, weights aside, are the same for all that symmetries
    exchange, and so are those of the scalars between. Among the scalars of one colour a symmetry
    only changes the order: the inner product is at most that of both in order of size (the
    rearrangement inequality); of their absolute values where signs may change (`signed`). What
    has the colour of a scalar that a scale changes (`sized`) counts as 0.
    """
    colours = np.unique(classes(scalars, dead), return_inverse=True)[1]
    signed, sized = (np.bincount(colours, own)[colours] > 0 for own in (signed, sized))
    kept = ~sized
    first, second = (
        in_order(np.where(signed, np.abs(side), side)[kept], colours[kept])
        for side in (target, weights)
    )
    return float(np.linalg.norm(first - second))


def classes(scalars: Scalars, dead: NDArray[np.bool_]) -> Hashes:
    """Colour scalars such that those that a symmetry exchanges have one colour."""
    empty: Mapping[str, Any] = {}
    found = Refinement(scalars.template, dead, [empty])
    found.refine()
    nodes = found.colours[0]
    result = np.zeros(scalars.count, dtype=np.uint64)
    for block in scalars.blocks:
        ends = [nodes[block.sources()], nodes[block.targets()]]
        names = Incidence.of(block).names
        told = mix(mix(mix(ends[0]) ^ ends[1]) ^ names)
        np.add.at(result, scalars.places(block).reshape(-1), told.reshape(-1))
    return result


def in_order(values: Floats, colours: NDArray[np.int64]) -> Floats:
    """Sort the values of each colour."""
    return values[np.lexsort((values, colours))]
