"""Scores of units, by which those that matter least are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from math import frexp, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.arrays import array_of_shape
from graphgen.checkpoint import Form
from graphgen.dtypes import wide
from graphgen.errors import GraphError, concerning, described
from graphgen.finite import check_finite
from graphgen.fitting import fitting
from graphgen.sources import Net, Weights, network_from
from graphgen.surgery.arranging import laid
from graphgen.units.axes import Axes
from graphgen.units.branches import Branch, Branches
from graphgen.units.derivation import Units, units
from graphgen.units.families import Family, Unit

Scores = dict[str, NDArray[np.float64]]


def unit_scores(
    net: Net, weights: Weights | None, *, gradients: Mapping[str, NDArray[Any]] | None = None
) -> Scores:
    """Score the units of a network: for each family an array of its copies' sizes and its own.

        scores = graphgen.unit_scores(net, weights)
        gone = graphgen.lowest(net, scores, share=0.5)

    A score is the root of the sum of squares of a unit's trained scalars; with `gradients` of a
    loss, by name, the size of the sum of gradients times scalars: how much the loss would change
    without it, to first order (Molchanov et al. 2019). What lies in two of its slices counts twice.
    Branches have the scores of all their tensors. Raises `GraphError` for what is not finite.
    """
    architecture, given = network_from(net, weights)
    found = Units(architecture)
    arrays = fitting(Form.of(architecture), given)
    trained = {name for name, tensor in architecture.tensors.items() if tensor.trainable}
    parts: dict[str, NDArray[Any]] = {}
    check_finite({name: arrays[name] for name in trained})
    if gradients is not None and not isinstance(gradients, Mapping):
        raise GraphError(f"`gradients` is {described(gradients)}; expected arrays by name")
    others = {}
    for name in trained:
        array = arrays[name].astype(wide(arrays[name].dtype))
        others[name] = array
        if gradients is not None:
            if name not in gradients:
                raise GraphError(f"`gradients` has none of {name!r}; every trained tensor has one")
            other = array_of_shape(gradients[name], array.shape, f"the gradient of {name}")
            others[name] = other.astype(wide(other.dtype))
            if other.dtype.kind == "c":
                raise GraphError(f"the gradient of {name} has complex numbers; expected real ones")
        parts[name] = array
    if gradients is not None:
        with concerning("gradients"):
            check_finite(others)
    mine, theirs = exponent(parts), exponent(others)
    for name, array in parts.items():
        parts[name] = np.ldexp(array, -mine) * np.ldexp(others[name], -theirs)

    def size(total: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(over="ignore"):
            if gradients is None:
                return np.ldexp(np.sqrt(total), mine)
            return np.ldexp(np.abs(total), mine + theirs)

    scores: Scores = {}
    for family in found.families.values():
        total = np.zeros(len(family))
        for name in family.tensors:
            if name in trained:
                total += gathered(parts[name], found.axes.tensors[name], family)
        scores[family.name] = size(total).reshape(*family.copies, family.size)
    for branches in found.branches.values():
        sums = [sum(float(parts[t].sum()) for t in own if t in trained) for own in branches.owned]
        scores[branches.name] = size(np.array(sums))
    return scores


def exponent(arrays: Mapping[str, NDArray[Any]]) -> int:
    """Give the power of two that makes numbers at most 1, so that their squares have a size."""
    top = max((float(np.abs(array).max(initial=0)) for array in arrays.values()), default=0.0)
    return frexp(top)[1]


def gathered(array: NDArray[Any], axes: Axes, family: Family) -> NDArray[np.float64]:
    """Add up what a tensor has of each unit of a family."""
    total = np.zeros(len(family))
    numbers = np.arange(len(family)).reshape(*family.copies, family.size)
    for _, labels in laid(axes, family, numbers, lambda atom: atom.size, -1):
        others = tuple(axis for axis, size in enumerate(labels.shape) if size == 1)
        summed = array.sum(axis=others, keepdims=True)
        own = np.broadcast_to(labels, summed.shape).reshape(-1)
        total += np.bincount(own[own >= 0], summed.reshape(-1)[own >= 0], len(family))
    return total


def lowest(net: Net, scores: Mapping[str, NDArray[Any]], *, share: float) -> list[Unit | Branch]:
    """List the units of the lowest scores: of each family that has scores this share.

        gone = graphgen.lowest(net, graphgen.unit_scores(net, weights), share=0.25)

    Scores may be your own, an array for a family by its name. As many of each copy, rounded down,
    so that one stays. Raises `GraphError` for families that the network does not have, arrays of
    other shapes, NaN, and a share outside of 0 to 1.
    """
    found = units(net)
    real = isinstance(share, (int, float)) and not isinstance(share, bool)
    if not real or not 0 <= share < 1:
        raise GraphError(f"`share` is {described(share)}; expected a number from 0 to below 1")
    if not isinstance(scores, Mapping):
        raise GraphError(f"`scores` is {described(scores)}; expected arrays by families' names")
    chosen: list[Unit | Branch] = []
    for name, values in scores.items():
        family = found.branches.get(name) or found[name]
        shape = (*family.copies, family.size)
        array = array_of_shape(values, shape, f"the scores of {name}")
        if array.dtype.kind not in "fiu" or np.isnan(array).any():
            raise GraphError(f"the scores of {name} have NaN, or no real numbers")
        order = np.argsort(array, axis=-1, kind="stable").reshape(prod(family.copies), family.size)
        for copy, row in zip(np.ndindex(*family.copies), order.tolist(), strict=True):
            going = row[: int(share * family.size)]
            if isinstance(family, Branches):
                chosen += [family[item] for item in going]
            else:
                chosen += [family[(*copy, item)] for item in going]
    return chosen
