"""The symmetries of an architecture: permutations of neurons that leave its function unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from graphgen.arrays import array_of_shape
from graphgen.errors import GraphError, described, instance, whole
from graphgen.symmetry.big_numbers import multiplied
from graphgen.symmetry.branches import Level, Quotient, chain, lifted
from graphgen.symmetry.derive import Derivation
from graphgen.symmetry.earlier_permutation import Permutation
from graphgen.symmetry.factors import Factor
from graphgen.symmetry.pieces import Pieces
from graphgen.template import Template

Context = tuple[int, ...]
Choice = Mapping[tuple[int, Context], NDArray[np.int64]]


class Symmetries:
    """A group of permutations, as a value: it has an order, generators, and random elements.

    `turning` lists what lies outside: channels that have orientations, as pairs of the number of
    orientations and of channels. To print a group costs nothing that grows with its order.
    """

    def __init__(self, structure: Template, turning: tuple[tuple[int, int], ...] = ()) -> None:
        self.template = instance(
            structure, Template, "structure", "graphgen.template(net) gives one"
        )
        self.turning = tuple(pair(found) for found in instance(turning, tuple, "turning"))
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
    def factors(self) -> list[tuple[Factor, tuple[int, ...]]]:
        """The factors that may be permuted, each with the sizes of the outer ones it depends on."""
        parts = [part for axis in self.axes for part in axis.parts()]
        sizes = {id(part): part.size for part in parts}
        contexts = self.derivation.contexts
        distinct = {id(part): part for part in parts if part.movable > 1}
        return [
            (part, tuple(sizes[outer] for outer in contexts[key])) for key, part in distinct.items()
        ]

    @cached_property
    def free(self) -> dict[tuple[int, Context], Factor]:
        """What may be chosen freely: a permutation for each factor and outer position."""
        return {
            (id(part), context): part
            for part, sizes in self.factors
            for context in np.ndindex(*sizes)
        }

    @cached_property
    def order(self) -> int:
        """The number of permutations in the group, exactly: of millions of digits if it is large.

        `print(group)` tells its size at once.
        """
        return multiplied(self.factorials(), self.exchanges())

    @cached_property
    def turns(self) -> int:
        """The number of ways to turn channels that have orientations, outside of the group."""
        return multiplied([], self.turning)

    def factorials(self) -> list[tuple[int, int]]:
        """List how many items are permuted freely, and how many times over."""
        return [(part.movable, prod(sizes)) for part, sizes in self.factors]

    def exchanges(self) -> list[tuple[int, int]]:
        """List in how many ways branches are exchanged, and how many times over."""
        return [(len(level.mappings), 1) for level in self.branches]

    def sample(self, rng: np.random.Generator) -> Permutation:
        """Draw a permutation uniformly."""
        instance(rng, np.random.Generator, "rng", "numpy.random.default_rng(0)")
        nodes = self.arranged({key: shuffled(part, rng) for key, part in self.free.items()})
        for level in self.branches:
            nodes = self._exchanged(level.mappings[rng.integers(len(level.mappings))])[nodes]
        return self.element(nodes)

    def generators(self) -> Iterator[Permutation]:
        """Give exchanges of neighbours, and of branches, that together generate the group."""
        for key, part in self.free.items():
            for i in range(part.held, part.size - 1):
                order = np.arange(part.size)
                order[[i, i + 1]] = i + 1, i
                yield self.element(self.arranged({key: order}))
        for level in self.branches:
            for mapping in level.mappings[1:]:
                yield self.element(self._exchanged(mapping))

    def permutation(self, nodes: NDArray[np.int64]) -> Permutation:
        """Give the permutation that takes node i to the place of `nodes[i]`, int64 (nodes,).

        Raises `GraphError` if the nodes are no permutation; its `apply` says whether they are one
        of the group.
        """
        nodes = array_of_shape(nodes, (self.template.num_nodes,), "`nodes`")
        if nodes.dtype.kind not in "iu" or not np.array_equal(
            np.sort(nodes), np.arange(len(nodes))
        ):
            raise GraphError(
                f"`nodes` is no permutation of 0 to {len(nodes) - 1}: each comes exactly once"
            )
        return self.element(nodes.astype(np.int64, copy=False))

    def element(self, nodes: NDArray[np.int64]) -> Permutation:
        """Give the permutation of nodes that are known to be one."""
        return Permutation(self.template, nodes, self.pieces)

    def arranged(self, choice: Choice) -> NDArray[np.int64]:
        """Permute the nodes by the permutations that were chosen for some factors."""
        nodes = np.arange(self.template.num_nodes, dtype=np.int64)
        contexts = self.derivation.contexts
        chosen = {key for key, _ in choice}
        for axis, group in zip(self.axes, self.template.node_groups, strict=True):
            for start, segment in zip(axis.starts, axis.segments, strict=True):
                parts = segment.parts()
                if chosen.isdisjoint(id(part) for part in parts):
                    continue
                order = arrange(parts, choice, contexts, {})
                first = group.start + start
                np.add(order, first, out=nodes[first : first + len(order)])
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


def pair(turning: object) -> tuple[int, int]:
    """Give orientations and channels; `GraphError` if they are no two positive integers."""
    if not isinstance(turning, tuple) or len(turning) != 2:
        raise GraphError(f"`turning` has {described(turning)}; expected pairs of integers")
    return whole(turning[0], "turning", 1), whole(turning[1], "turning", 1)


def shuffled(part: Factor, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw a permutation of the items of a factor that may be exchanged."""
    if not part.held:
        return rng.permutation(part.size)
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
    items = choice.get((id(first), context))
    if items is None:
        items = np.arange(first.size, dtype=np.int64)
    if not rest:
        return items
    inner = prod(part.size for part in rest)
    rows = [
        old * inner + arrange(rest, choice, contexts, {**outer, id(first): int(old)})
        for old in items
    ]
    return np.concatenate(rows)
