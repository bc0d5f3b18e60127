"""The symmetries of an architecture: permutations of neurons that leave its function unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import factorial, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.compile import template
from graphgen.errors import GraphError
from graphgen.factors import Factor, FactoredAxis, tie
from graphgen.template import Attributes, EdgeBlock, Template
from spec import Architecture

Context = tuple[int, ...]
Choice = dict[tuple[int, Context], NDArray[np.int64]]


def symmetries(net: Architecture) -> Symmetries:
    """Derive the permutation symmetries of an architecture.

        group = graphgen.symmetries(net)
        group.order                                    # an exact integer
        group.sample(rng).apply(weights)               # another network, the same function

    Neurons of a group may be permuted freely, unless inputs or outputs fix them, parameter-free
    edges, depthwise or shared weights tie them to others, or groups of channels move as wholes.
    """
    return Symmetries(template(net))


class Symmetries:
    """A group of permutations, as a value: it has an order, generators, and random elements."""

    def __init__(self, structure: Template) -> None:
        self.template = structure
        self.axes = [
            FactoredAxis(group.size, group.kind == "input" or group.output >= 0)
            for group in structure.node_groups
        ]
        for axis, group in zip(self.axes, structure.node_groups, strict=True):
            for step in group.steps:
                if step.operation == "group_norm":
                    keep_groups(axis, **dict(step.attributes))
        owners: dict[str, EdgeBlock] = {}
        for block in structure.blocks:
            self._tie_ends(block)
            if block.tensor is not None:
                owner = owners.setdefault(block.tensor, block)
                if owner is not block:
                    tie(self._run(owner), self._run(block))
        self.contexts = self._contexts()

    def _tie_ends(self, block: EdgeBlock) -> None:
        groups = self.template.node_groups
        for group, start in (
            (groups[block.source_group], block.source_start),
            (groups[block.target_group], block.target_start),
        ):
            if start != group.start:
                raise GraphError(
                    f"{block.name}: it begins inside the group {group.name}; the symmetries of "
                    "values that are split or put side by side are not derived yet"
                )
        ends = zip(block.axes, block.shape, block.source_strides, block.target_strides, strict=True)
        for role, size, source, target in ends:
            runs = [
                self.axes[group].stretch(stride, size)
                for group, stride in (
                    (block.source_group, source),
                    (block.target_group, target),
                )
                if stride and size > 1
            ]
            if role == "place":
                for part in (part for run in runs for factor in run for part in factor.parts()):
                    part.root().fixed = True
            if len(runs) == 2:
                tie(*runs)

    def _run(self, block: EdgeBlock) -> list[Factor]:
        """List the factors that a block's coordinates run over; taps and positions are fixed."""
        run = []
        for size, source, target in zip(
            block.shape, block.source_strides, block.target_strides, strict=True
        ):
            if size == 1:
                continue
            if source:
                run += self.axes[block.source_group].stretch(source, size)
            elif target:
                run += self.axes[block.target_group].stretch(target, size)
            else:
                run.append(Factor(size, fixed=True))
        return run

    def _contexts(self) -> dict[int, tuple[int, ...]]:
        """Find, for each factor, the outer factors that its permutation may depend on.

        These lie outside of it on every axis where it comes: weights that are shared among heads,
        for one, tie a factor inside one nest to a factor inside another.
        """
        contexts: dict[int, tuple[int, ...]] = {}
        for axis in self.axes:
            parts = [part for part in axis.parts() if part.size > 1]
            for depth, part in enumerate(parts):
                outer = tuple(id(other) for other in parts[:depth])
                before = contexts.get(id(part), outer)
                contexts[id(part)] = tuple(key for key in before if key in outer)
        return contexts

    def _free(self) -> dict[tuple[int, Context], Factor]:
        """List what may be chosen freely: a permutation for each factor and outer position."""
        sizes = {id(part): part.size for axis in self.axes for part in axis.parts()}
        free: dict[tuple[int, Context], Factor] = {}
        for part in (part for axis in self.axes for part in axis.parts()):
            if part.fixed or part.size < 2:
                continue
            for context in np.ndindex(*(sizes[key] for key in self.contexts[id(part)])):
                free[id(part), context] = part
        return free

    @property
    def order(self) -> int:
        """The number of permutations in the group."""
        return prod(factorial(part.size) for part in self._free().values())

    def sample(self, rng: np.random.Generator) -> Permutation:
        """Draw a permutation uniformly."""
        return self._permutation(
            {key: rng.permutation(part.size) for key, part in self._free().items()}
        )

    def generators(self) -> Iterator[Permutation]:
        """Give exchanges of neighbours that together generate the group."""
        for key, part in self._free().items():
            for i in range(part.size - 1):
                order = np.arange(part.size)
                order[[i, i + 1]] = i + 1, i
                yield self._permutation({key: order})

    def _permutation(self, choice: Choice) -> Permutation:
        nodes = np.arange(self.template.num_nodes, dtype=np.int64)
        for axis, group in zip(self.axes, self.template.node_groups, strict=True):
            order = arrange(axis.parts(), choice, self.contexts, {})
            nodes[group.start : group.start + group.size] = group.start + order
        return Permutation(self.template, nodes)

    def __str__(self) -> str:
        names: dict[int, str] = {}
        lines = [f"{self.order} permutations"]
        for axis, group in zip(self.axes, self.template.node_groups, strict=True):
            if group.kind not in ("input", "neuron"):
                continue
            words = []
            for part in axis.parts():
                name = names.setdefault(id(part), f"P{len(names)}")
                words.append(f"{'fixed' if part.fixed else name}({part.size})")
            lines.append(f"  {group.name}: {' of '.join(words)}")
        return "\n".join(lines)


def keep_groups(axis: FactoredAxis, eps: float, size: int, over: Attributes) -> None:
    """Let a norm over `size` groups of adjacent items of an axis keep its groups together.

    The items are those of the factors `over`: neurons, with positions inside or outside of them.
    """
    roles = [role for role, _ in over]
    if "unit" not in roles:
        return
    place = roles.index("unit")
    units = over[place][1]
    inside = prod(count for _, count in over[place + 1 :])
    items = prod(count for _, count in over) // size
    if inside % items == 0:  # each neuron has groups of its own
        return
    together = items // inside
    if items % inside == 0 and units % together == 0:
        axis.cut_at(together)
    elif items % inside or together % units:  # a group ends within a neuron's positions
        axis.fix()


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
    inner = prod(part.size for part in rest)
    context = tuple(outer[key] for key in contexts.get(id(first), ()))
    items = choice.get((id(first), context), np.arange(first.size, dtype=np.int64))
    rows = [
        old * inner + arrange(rest, choice, contexts, {**outer, id(first): int(old)})
        for old in items
    ]
    return np.concatenate(rows)


@dataclass(frozen=True)
class Permutation:
    """One symmetry: `nodes[i]` is the node whose place node i takes."""

    template: Template
    nodes: NDArray[np.int64]

    def apply(self, weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Permute a network's weights; tensors without an edge stay as they are.

        Raises `GraphError` if the permutation does not map parameter-free edges to themselves, or
        moves two uses of one tensor differently.
        """
        result = dict(weights)
        orders: dict[str, NDArray[np.int64]] = {}
        for block in self.template.blocks:
            order = self.edges(block)
            if block.tensor is None:
                continue
            if not np.array_equal(orders.setdefault(block.tensor, order), order):
                raise GraphError(f"the permutation moves the uses of {block.tensor!r} differently")
            if block.tied:
                continue
            array = np.asarray(weights[block.tensor])
            result[block.tensor] = array.reshape(-1)[order].reshape(array.shape)
        return result

    def edges(self, block: EdgeBlock) -> NDArray[np.int64]:
        """Find, for each edge of a block, the edge whose value it takes.

        Raises `GraphError` if the permutation of nodes is no automorphism of the block.
        """
        count = self.template.num_nodes
        taps = [
            size if source == target == 0 else 1
            for size, source, target in zip(
                block.shape, block.source_strides, block.target_strides, strict=True
            )
        ]
        tap = np.broadcast_to(np.arange(prod(taps)).reshape(taps), block.shape)
        sources, targets = block.sources(), block.targets()

        def key(s: NDArray[np.int64], t: NDArray[np.int64]) -> NDArray[np.int64]:
            return ((s * count + t) * prod(taps) + tap).reshape(-1)

        old = key(sources, targets)
        new = key(self.nodes[sources], self.nodes[targets])
        order = np.argsort(old)
        place = np.searchsorted(old, new, sorter=order)
        found = order[np.minimum(place, len(order) - 1)]
        if not np.array_equal(old[found], new):
            raise GraphError(f"the permutation does not map the block {block.name} to itself")
        return found
