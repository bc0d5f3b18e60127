"""The symmetries of an architecture: permutations of neurons that leave its function unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from graphgen.compile import template
from graphgen.symmetry import table
from graphgen.symmetry.branches import Level, Quotient, chain, lifted
from graphgen.symmetry.derive import Derivation
from graphgen.symmetry.factors import Factor
from graphgen.symmetry.permutation import Permutation
from graphgen.symmetry.pieces import Pieces
from graphgen.symmetry.turns import turns
from graphgen.template import Template
from spec import Architecture

Context = tuple[int, ...]
Choice = Mapping[tuple[int, Context], NDArray[np.int64]]


def symmetries(net: Architecture) -> Symmetries:
    """Derive the permutation symmetries of an architecture.

        group = graphgen.symmetries(net)
        group.order                                    # an exact integer
        group.sample(rng).apply(weights)               # another network, the same function
        print(group)                                   # which permutation acts on which axis

    Neurons of a group may be permuted freely, unless inputs or outputs fix them, parameter-free
    edges, depthwise or shared weights tie them to others, or groups of channels move as wholes.
    Parallel branches that are built alike may be exchanged.
    """
    return Symmetries(template(net), turns(net))


class Symmetries:
    """A group of permutations, as a value: it has an order, generators, and random elements.

    `turns` counts what lies outside: ways to turn channels that have orientations.
    """

    def __init__(self, structure: Template, turns: int = 1) -> None:
        self.template = structure
        self.turns = turns
        self.derivation = Derivation(structure)
        self.axes = self.derivation.axes
        self.pieces = Pieces(structure, self.axes)

    @cached_property
    def quotient(self) -> Quotient:
        """The network in the large, whose automorphisms exchange branches."""
        return Quotient(self.pieces)

    @cached_property
    def branches(self) -> list[Level]:
        """The exchanges of branches, as a chain of stabilisers."""
        return chain(self.quotient)

    @cached_property
    def free(self) -> dict[tuple[int, Context], Factor]:
        """What may be chosen freely: a permutation for each factor and outer position."""
        parts = [part for axis in self.axes for part in axis.parts()]
        sizes = {id(part): part.size for part in parts}
        free: dict[tuple[int, Context], Factor] = {}
        for part in parts:
            if part.movable > 1:
                outer = self.derivation.contexts[id(part)]
                for context in np.ndindex(*(sizes[key] for key in outer)):
                    free[id(part), context] = part
        return free

    @property
    def order(self) -> int:
        """The number of permutations in the group."""
        inside = prod(factorial(part.movable) for part in self.free.values())
        return inside * prod(len(level.mappings) for level in self.branches)

    def sample(self, rng: np.random.Generator) -> Permutation:
        """Draw a permutation uniformly."""
        nodes = self.arranged({key: shuffled(part, rng) for key, part in self.free.items()})
        for level in self.branches:
            nodes = self._exchanged(level.mappings[rng.integers(len(level.mappings))])[nodes]
        return self.permutation(nodes)

    def generators(self) -> Iterator[Permutation]:
        """Give exchanges of neighbours, and of branches, that together generate the group."""
        for key, part in self.free.items():
            for i in range(part.held, part.size - 1):
                order = np.arange(part.size)
                order[[i, i + 1]] = i + 1, i
                yield self.permutation(self.arranged({key: order}))
        for level in self.branches:
            for mapping in level.mappings[1:]:
                yield self.permutation(self._exchanged(mapping))

    def permutation(self, nodes: NDArray[np.int64]) -> Permutation:
        """Give the permutation that takes node i to the place of `nodes[i]`."""
        return Permutation(self.template, nodes, self.pieces)

    def arranged(self, choice: Choice) -> NDArray[np.int64]:
        """Permute the nodes by the permutations that were chosen for some factors."""
        nodes = np.arange(self.template.num_nodes, dtype=np.int64)
        contexts = self.derivation.contexts
        for axis, group in zip(self.axes, self.template.node_groups, strict=True):
            for start, segment in zip(axis.starts, axis.segments, strict=True):
                order = arrange(segment.parts(), choice, contexts, {})
                first = group.start + start
                nodes[first : first + len(order)] = first + order
        return nodes

    def _exchanged(self, mapping: tuple[int, ...]) -> NDArray[np.int64]:
        """Permute the nodes segment by segment."""
        nodes = np.arange(self.template.num_nodes, dtype=np.int64)
        groups = self.template.node_groups
        for (group, place), (group_to, place_to) in lifted(self.quotient, mapping):
            size = self.axes[group].segments[place].size
            first = groups[group].start + self.axes[group].starts[place]
            goal = groups[group_to].start + self.axes[group_to].starts[place_to]
            nodes[first : first + size] = np.arange(goal, goal + size)
        return nodes

    def __str__(self) -> str:
        return table.write(self)


def shuffled(part: Factor, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw a permutation of the items of a factor that may be exchanged."""
    return np.concatenate([np.arange(part.held), part.held + rng.permutation(part.movable)])


def arrange(
    parts: list[Factor],
    choice: Choice,
    contexts: Mapping[int, tuple[int, ...]],
    outer: Mapping[int, int],
) -> NDArray[np.int64]:
    """Give the order in which the items of nested factors come: `new = old[order]`."""
    if not parts:
        return np.zeros(1, dtype=np.int64)
    first, *rest = parts
    context = tuple(outer[key] for key in contexts.get(id(first), ()))
    items = choice.get((id(first), context), np.arange(first.size, dtype=np.int64))
    if not rest:
        return items
    inner = prod(part.size for part in rest)
    rows = [
        old * inner + arrange(rest, choice, contexts, {**outer, id(first): int(old)})
        for old in items
    ]
    return np.concatenate(rows)
