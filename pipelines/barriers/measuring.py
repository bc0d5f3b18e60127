"""The barrier between two networks: as they are, and after each way to bring them close."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import graphgen
from graphgen import Barrier
from graphgen.merging.linear import sides
from pipelines.barriers.training import Examples, test_loss
from spec import Architecture

Arrays = Mapping[str, NDArray[Any]]

PLAIN, ORDERS, SIGNS, HEADS, STREAMS = WAYS = (
    "as trained",
    "permutations",
    "signs and scales too",
    "heads mixed too",
    "streams rotated too",
)
MOST_MEASURED = 256
"""So many training examples are enough to measure statistics on."""


def ways(net: Architecture, a: Arrays, b: Arrays) -> Iterator[tuple[str, Arrays, Arrays]]:
    """Give both networks as each way puts them; ways that a network has nothing for are left out.

    What `graphgen.match` finds is where `graphgen.align` goes on from. Mixing begins from
    permutations alone.
    """
    yield PLAIN, a, b
    moved = graphgen.match(net, a, b, signs=False, scales=False).apply(b)
    yield way_of(ORDERS, net, a, moved, maps=None)
    free = graphgen.scalings(net)
    if free.signs or free.scales:
        scaled = graphgen.match(net, a, b).apply(b)
        yield way_of(SIGNS, net, a, scaled, maps=None)
    if sides(graphgen.units(net)):
        yield way_of(HEADS, net, a, moved)
        yield way_of(STREAMS, net, a, moved, streams=True)


def way_of(
    name: str,
    net: Architecture,
    a: Arrays,
    b: Arrays,
    maps: str | None = "orthogonal",
    streams: bool = False,
) -> tuple[str, Arrays, Arrays]:
    """Give both networks as `graphgen.align` puts them."""
    first, second = graphgen.align(net, [a, b], maps, streams).networks()
    return name, first, second


def barriers(net: Architecture, a: Arrays, b: Arrays, own: Examples, points: int) -> dict[str, Any]:
    """Measure the barrier after each way, with statistics as they are and renormalised."""
    found: dict[str, Any] = {}
    seen = own.inputs[:MOST_MEASURED]
    shares = np.linspace(0, 1, points)
    for way, first, second in ways(net, a, b):
        lines: dict[str, list[float]] = {"plain": [], "renormalised": []}
        for share in map(float, shares):
            between = graphgen.interpolate(first, second, share)
            lines["plain"].append(test_loss(net, between, own))
            again = between
            if 0 < share < 1:
                again = graphgen.renormalise(
                    net, between, [seen], [first, second], [1 - share, share]
                )
            lines["renormalised"].append(test_loss(net, again, own))
        squares = [np.square(first[n] - second[n]).sum(dtype=float) for n in net.parameters]
        found[way] = {
            "distance": float(np.sqrt(sum(squares))),
            "losses": lines,
            "heights": {
                name: Barrier(tuple(map(float, shares)), tuple(losses)).height
                for name, losses in lines.items()
            },
        }
    return found
