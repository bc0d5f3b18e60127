"""One network of several that lie in one frame: by means, along arcs, by what they have learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.dtypes import is_inexact, wide
from graphgen.errors import GraphError, described
from graphgen.interpolation import check_alike, interpolate
from graphgen.sources import Weights, place_of, weights_from

Array = NDArray[Any]
Arrays = dict[str, Array]

STRAIGHT = 0.9995
"""The cosine beyond which an arc is a straight line, to rounding."""


def average(networks: Sequence[Weights], shares: Sequence[float] | None = None) -> Arrays:
    """Give the weighted mean of networks (model soups, Wortsman et al., ICML 2022).

        middle = graphgen.average(graphgen.align(net, [a, b]).networks())
        middle = average([a, b], [0.7, 0.3])

    `shares` are divided by their sum; without them all count alike. Computes in float32 or wider
    and rounds once, to the dtypes of the first; tensors that are not floating point (counters) are
    those of the first. Raises `GraphError` for networks that do not have the same tensors.
    """
    every = alike(networks, "networks")
    each = numbers([1.0] * len(every) if shares is None else shares, len(every), "shares")
    total = sum(each)
    if not isfinite(total) or total == 0:
        raise GraphError(f"`shares` have the sum {total}; expected one that they are divided by")
    each = [share / total for share in each]
    return combined(every[0], lambda name: weighted([w[name] for w in every], each))


def slerp(a: Weights, b: Weights, share: float) -> Arrays:
    """Go a share of the way between two networks along an arc, tensor by tensor (Shoemake 1985).

        middle = slerp(a, b, 0.5)

    The length of a tensor does not shrink on the way, as it does on a straight line; where two
    have nearly one direction, or one has none, it is the line. Otherwise as `interpolate`, but
    `GraphError` for a `share` outside of 0 to 1, where an arc would come back.
    """
    (at,) = numbers([share], 1, "share")
    if not 0 <= at <= 1:
        raise GraphError(f"`share` is {at}; expected a number from 0 to 1, an arc has no more")
    first, second = weights_from(a, "a"), weights_from(b, "b")
    check_alike(first, second, place_of(a, "a"), place_of(b, "b"))
    lines = interpolate(first, second, at)

    def arc(name: str) -> Array:
        x, y = (widened(side[name]) for side in (first, second))
        u, v = unit(x), unit(y)
        cosine = float(np.vdot(u, v)) if u.any() and v.any() else 1.0
        if not abs(cosine) <= STRAIGHT:
            return lines[name]
        angle = np.arccos(cosine)
        found: Array = (np.sin((1 - at) * angle) * x + np.sin(at * angle) * y) / np.sin(angle)
        return found

    return combined(first, arc)


def task_arithmetic(
    base: Weights, networks: Sequence[Weights], shares: Sequence[float] | None = None
) -> Arrays:
    """Add to a network what others have learned beyond it (Ilharco et al., ICLR 2023).

        half = task_arithmetic(a, [b], [0.5])          # a is the base, b was fine-tuned from it
        without = task_arithmetic(a, [b], [-1.0])

    That is, `base` plus the sum of each network's difference to it times its share (1 without
    `shares`). The networks are fine-tuned from `base`, or in one frame with it. Dtypes and
    what is not floating point are those of `base`.
    """
    every = alike([base, *listed(networks, "networks")], "networks")
    first, others = every[0], every[1:]
    each = numbers([1.0] * len(others) if shares is None else shares, len(others), "shares")

    def task(name: str) -> Array:
        own = widened(first[name])
        return own + weighted([widened(w[name]) - own for w in others], each)

    return combined(first, task)


def unit(array: Array) -> Array:
    """Give an array of the same direction and of length one, also of what is huge or tiny."""
    top = np.abs(array).max(initial=0)
    if not 0 < top < np.inf:
        return array
    near = array / top
    found: Array = near / np.linalg.norm(near)
    return found


def combined(first: Mapping[str, Array], make: Callable[[str], Array]) -> Arrays:
    """Give what is made of each tensor of floating point, in the dtype of the first network's."""
    found = {}
    with np.errstate(over="ignore", invalid="ignore"):  # a loss shows what is no number
        for name, array in first.items():
            inexact = is_inexact(array.dtype)
            found[name] = make(name).astype(array.dtype) if inexact else array.copy()
    return found


def weighted(arrays: Sequence[Array], shares: Sequence[float]) -> Array:
    """Sum arrays, each times its share."""
    total = widened(arrays[0]) * shares[0]
    for array, share in zip(arrays[1:], shares[1:], strict=True):
        total = total + widened(array) * share
    return total


def widened(array: Array) -> Array:
    """Give an array in a dtype to compute in."""
    return array.astype(wide(array.dtype), copy=False)


def listed(networks: object, argument: str) -> list[Any]:
    """List networks, one at least."""
    if isinstance(networks, Sequence) and not isinstance(networks, str) and not networks:
        raise GraphError(f"`{argument}` is an empty list; expected one network or more")
    if isinstance(networks, (str, Mapping)) or not isinstance(networks, Sequence):
        raise GraphError(f"`{argument}` is {described(networks)}; expected a list of weights")
    return [*networks]


def alike(networks: Sequence[Weights], argument: str) -> list[Arrays]:
    """Read networks; `GraphError` if they do not have the same tensors."""
    given = listed(networks, argument)
    every = [weights_from(own, f"{argument}[{k}]") for k, own in enumerate(given)]
    places = [place_of(own, f"{argument}[{k}]") for k, own in enumerate(given)]
    for own, place in zip(every[1:], places[1:], strict=True):
        check_alike(every[0], own, places[0], place)
    return every


def numbers(values: Any, count: int, argument: str) -> list[float]:
    """Give so many finite numbers; `GraphError` for anything else."""
    try:
        found = [float(value) for value in values]
    except (TypeError, ValueError, OverflowError):
        found = []
    if len(found) != count or not all(map(isfinite, found)) or isinstance(values, str):
        several = isinstance(values, (list, tuple)) and len(values) <= 8
        told = f"[{', '.join(short(value) for value in values)}]" if several else described(values)
        raise GraphError(f"`{argument}` is {told!s:.200}; expected {count} finite numbers")
    return found


def short(value: Any) -> str:
    """Write a number; of others, and of integers of many digits, what they are."""
    plain = isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**9)
    return str(value) if plain else described(value)
