"""A canonical order of neurons, heads and branches: by what they compute, then by their weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.canonicalization.frames import Values
from graphgen.canonicalization.probes import normal, uniform
from graphgen.families.linear_maps import Arrays
from graphgen.lower.parameter import lower
from graphgen.neurons import covers, nodes_of
from graphgen.symmetry import Symmetries
from graphgen.symmetry.runs import Run
from graphgen.template import Template
from spec import Architecture

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

FEATURES = 2
TIED = 1e-9
"""Items whose numbers lie closer, beside the size of these, are told apart by nothing."""
MOST_WAYS = 64
ROUNDS = 3


@dataclass(frozen=True)
class Reading:
    """Where the neurons of a group have their values: for each neuron its items, in order."""

    value: str
    start: int
    places: Numbers


class Order:
    """Puts the runs of a group of permutations in order, for one network after the other."""

    def __init__(self, net: Architecture, group: Symmetries) -> None:
        self.net, self.group = net, group
        self.readings = list(readings(net, group.template))
        self.levels = levels(group.runs)

    @property
    def values(self) -> list[str]:
        """The values that are looked at."""
        return list(dict.fromkeys(own.value for own in self.readings))

    def put(self, weights: Arrays, values: Values) -> tuple[Arrays, float, list[str]]:
        """Give a network in canonical order, how clear it is, and what stays undecided."""
        told = self.computed(values)
        clear, ties = self.distances(told)
        for _ in range(ROUNDS if ties else 0):
            told = np.concatenate([told, self.around(weights, told)])
            clear, ties = self.distances(told)
            if not ties:
                break
        left = [
            f"{len(own)} pairs of items of a run of {run.items} cannot be told apart"
            for run, own in ties.items()
            if any(self.differ(weights, run, *pair) for pair in own)
        ]
        for runs in self.levels:
            orders = {run: sorted_by(run, told)[0] for run in runs if run.free}
            if orders:
                moved = self.group.arranged(orders)
                weights, told = moved.moved(weights), told[:, moved.nodes]
            for run in runs:
                if not run.free:
                    weights, told = self.turned(run, weights, told)
        return weights, clear, left

    def computed(self, values: Values) -> Floats:
        """Give what each node computes as a few numbers, (features, nodes)."""
        found = np.zeros((2 * FEATURES, self.group.template.num_nodes))
        for own in self.readings:
            x = np.asarray(values[own.value], dtype=np.float64)
            samples = x.reshape(len(x), -1)[:, own.places]
            spread = np.sqrt(np.square(samples).mean())
            if not spread > 0 or not np.isfinite(spread):
                continue
            sizes = np.arcsinh(4 * samples)
            nodes = slice(own.start, own.start + len(own.places))
            for k in range(FEATURES):
                mixed = normal(f"feature {k}", samples[:, 0].size).reshape(samples[:, 0].shape)
                for row, shown in ((k, sizes), (FEATURES + k, np.tanh(samples / spread))):
                    total = np.einsum("snk,sk->n", shown, mixed)
                    found[row, nodes] += total / np.sqrt(mixed.size)
        return found

    def around(self, weights: Arrays, told: Floats) -> Floats:
        """Give what the weights around each node are, by what is told of their other ends."""
        found = np.zeros((2, self.group.template.num_nodes))
        mixed = shown(told, "around")
        for block in self.group.template.blocks:
            if block.tensor is None:
                continue
            own = block.view(np.asarray(weights[block.tensor])).astype(np.float64)
            ends = list(zip(block.source_strides, block.target_strides, strict=True))
            sizes = [1 if s or t else n for n, (s, t) in zip(block.shape, ends, strict=True)]
            taps = normal(f"taps {block.kind} {block.step}", int(np.prod(sizes))).reshape(sizes)
            source = affine(block.shape, block.source_start, block.source_strides)
            target = affine(block.shape, block.target_start, block.target_strides)
            scaled = np.arcsinh(8 * own) * taps
            np.add.at(found[0], target, scaled * mixed[source])
            np.add.at(found[1], source, scaled * mixed[target])
        return found

    def distances(self, told: Floats) -> tuple[float, dict[Run, list[tuple[int, int, int]]]]:
        """Say how close neighbours in order are at least, and which are as good as one."""
        closest, ties = 1.0, {}
        for run in (run for runs in self.levels for run in runs if run.free):
            order, gaps = sorted_by(run, told)
            closest = min(closest, float(gaps.min(initial=1.0)))
            found = [
                (int(copy), int(order[copy, k]), int(order[copy, k + 1]))
                for copy, k in np.argwhere(gaps < TIED)
            ]
            if found:
                ties[run] = found
        return closest, ties

    def turned(self, run: Run, weights: Arrays, told: Floats) -> tuple[Arrays, Floats]:
        """Choose, for each copy, the way in which the numbers of its nodes come first."""
        best = np.zeros(run.copies, dtype=np.int64)
        least: Floats | None = None
        count = self.group.template.num_nodes
        flat = run.own.reshape(run.copies, -1)
        involved = flat[:, (flat < count).all(axis=0)]
        for way in range(min(run.items, MOST_WAYS)):
            moved = self.group.arranged({run: np.full(run.copies, way, dtype=np.int64)})
            placed = shown(told, "ways")[moved.nodes][involved]
            total = placed @ normal("places", involved.shape[1])
            if least is None:
                least = total
                continue
            best[total < least] = way
            least = np.minimum(total, least)
        chosen = self.group.arranged({run: best})
        return chosen.moved(weights), told[:, chosen.nodes]

    def differ(self, weights: Arrays, run: Run, copy: int, first: int, second: int) -> bool:
        """Say whether exchanging two items changes the weights."""
        orders = np.tile(np.arange(run.items), (run.copies, 1))
        orders[copy, [first, second]] = second, first
        moved = self.group.arranged({run: orders}).moved(weights)
        return any(
            not np.allclose(moved[name], weights[name], rtol=TIED, atol=TIED) for name in weights
        )


def readings(net: Architecture, structure: Template) -> Iterator[Reading]:
    """List the values that lie on all neurons of a group, each item on one."""
    state = lower(net)
    for value, layout in state.layouts.items():
        if value not in net.shapes or value in state.fixed:
            continue
        group = structure.node_groups[layout.group]
        if not covers(layout, group.size):
            continue
        nodes = nodes_of(layout).reshape(-1)
        places = np.argsort(nodes, kind="stable").reshape(group.size, -1)
        yield Reading(value, group.start, places)


def levels(runs: tuple[Run, ...]) -> list[list[Run]]:
    """List the runs by how deep they lie in others, the deepest first."""
    found: list[list[Run]] = []
    now = list(runs)
    while now:
        found.append(now)
        now = [inner for run in now for inner in run.inside]
    return found[::-1]


def sorted_by(run: Run, told: Floats) -> tuple[Numbers, Floats]:
    """Give the order of the items of each copy, and the distances between neighbours.

    What is told of an item is a sum over its nodes, in which their order plays no part.
    """
    total = shown(told, "items")[run.nodes].sum(axis=2)
    order = np.argsort(total, axis=1, kind="stable")
    size = np.sqrt(np.square(total).mean(axis=1, keepdims=True))
    gaps = np.diff(np.take_along_axis(total, order, axis=1), axis=1)
    return order, gaps / np.where(size > 0, size, 1.0)


def shown(told: Floats, name: str) -> Floats:
    """Give one number for each node, that depends on all of its numbers and not on their sums."""
    waves = 4
    mixed = normal(f"{name} frequencies", waves * len(told)).reshape(waves, len(told))
    phases = 2 * np.pi * uniform(f"{name} phases", waves)
    total: Floats = normal(f"{name} sizes", waves) @ np.cos(mixed @ told + phases[:, None])
    return total
