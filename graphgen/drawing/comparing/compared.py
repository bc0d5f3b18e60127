"""Two networks of one architecture: the second as it lies on the first, and how they differ."""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import prod, sqrt
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.values.blocks import BlockValues
from graphgen.drawing.values.networks import Network, network
from graphgen.drawing.values.statistics import finite
from graphgen.drawing.values.tiles import AT_ONCE, numbers
from graphgen.errors import GraphError, described
from graphgen.graph import Graph
from graphgen.matching import match
from graphgen.sources import Net, Weights
from graphgen.template import Template

Array = NDArray[Any]
Arrays = Mapping[str, Array]
Against: TypeAlias = Weights | Graph | tuple[Net, Weights | None]
"""Weights of the same architecture; or a graph, or a network and its weights, of this structure."""

MOST_MATCHED = 3_000_000
"""The most parameters that are matched for a page: some ten seconds."""


class Aligned(NamedTuple):
    """Weights as they lie on others, how they came there, and how far apart the two are."""

    arrays: Arrays
    how: str
    distance: float
    lower_bound: float | None


def compared(
    template: Template, arrays: Arrays, against: Against, values: BlockValues
) -> dict[str, Any]:
    """Give what a page shows of another network, moved onto the first by `graphgen.match`.

    Raises `GraphError` where the architectures differ.
    """
    other = other_network(template, against)
    theirs = other.arrays or {}
    before = distance(template, arrays, theirs)
    found = aligned(template, arrays, theirs, before)
    return {
        "name": other.name,
        "how": found.how,
        "distance": finite(found.distance),
        "lower_bound": found.lower_bound,
        "distance_before": finite(before),
        "blocks": [
            None
            if block.tensor is None
            else {
                **values.shown(index, found.arrays[block.tensor], "other"),
                "difference": values.shown(
                    index, difference(found.arrays[block.tensor], arrays[block.tensor]), "apart"
                ),
            }
            for index, block in enumerate(template.blocks)
        ],
    }


def other_network(template: Template, against: Against) -> Network:
    """Give the network that is compared, of the same structure."""
    if isinstance(against, Graph):
        other = network(against)
    elif isinstance(against, tuple):
        if len(against) != 2:
            raise GraphError(
                f"`against` is a tuple of {len(against)}; expected a network and its weights"
            )
        other = network(*against, kind=template.kind)
    elif isinstance(against, (Mapping, str, os.PathLike)):
        # Weights that fit are of this architecture, as far as weights tell.
        bound = dict(template.bind(against).tensors)
        name = "the other" if isinstance(against, Mapping) else Path(os.fsdecode(against)).stem
        other = Network(name, template, bound)
    else:
        raise GraphError(
            f"`against` is {described(against)}; expected weights, their path, or a network and "
            "its weights"
        )
    if other.template.hash != template.hash:
        raise GraphError(
            f"`against` has another architecture: {told(other.template)}, where the first has "
            f"{told(template)}; only networks of one architecture are compared"
        )
    if other.arrays is None:
        raise GraphError("`against` has no weights; give a network and its weights")
    return other


def told(template: Template) -> str:
    """Say in a few words what an architecture is."""
    parameters = sum(prod(tensor.shape) for tensor in template.tensors if tensor.trainable)
    return f"{len(template.blocks)} blocks of edges and {parameters:,} parameters"


def aligned(template: Template, arrays: Arrays, theirs: Arrays, before: float) -> Aligned:
    """Move weights onto others, if that is possible and not too dear."""
    parameters = sum(prod(tensor.shape) for tensor in template.tensors if tensor.trainable)
    if template.net is None:
        return Aligned(theirs, "not matched: the graph has no architecture", before, None)
    if parameters > MOST_MATCHED:
        how = f"not matched: {parameters:,} parameters are too many to match for a page"
        return Aligned(theirs, how, before, None)
    try:
        found = match(template.net, arrays, theirs)
    except GraphError as error:  # such as values that are not finite
        return Aligned(theirs, f"not matched: {error}", before, None)
    return Aligned(found.apply(theirs), found.how, found.distance, found.lower_bound)


def difference(first: Array, second: Array) -> Array:
    """Give the difference of two tensors, in at least float32."""
    wide = np.result_type(numbers(first[..., :0]), numbers(second[..., :0]), np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        found: Array = np.subtract(first.astype(wide), second.astype(wide))
    return found


def distance(template: Template, first: Arrays, second: Arrays) -> float:
    """Give the Euclidean distance over all trainable tensors, piece by piece."""
    total = 0.0
    for tensor in template.tensors:
        if not tensor.trainable:
            continue
        ours, theirs = (np.asarray(side[tensor.name]).reshape(-1) for side in (first, second))
        for begin in range(0, ours.size, AT_ONCE):
            part = slice(begin, begin + AT_ONCE)
            apart = difference(numbers(ours[part]), numbers(theirs[part])).astype(np.float64)
            total += float(apart @ apart)
    return sqrt(total) if total >= 0 else total
