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
from graphgen.factors import Factor, tie
from graphgen.segments import Runs, SegmentedAxis, end_of, extent_of, fix, segments, tie_runs
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
        self.axes = segments(structure)
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
                    self._tie_uses(owner, block)
        self.contexts = self._contexts()

    def _tie_ends(self, block: EdgeBlock) -> None:
        for coordinate, role in enumerate(block.axes):
            runs = [run for run in self._runs(block, coordinate) if run]
            if role == "place":
                for run in runs:
                    fix(run)
            if len(runs) == 2:
                tie_runs(*runs)

    def _tie_uses(self, owner: EdgeBlock, block: EdgeBlock) -> None:
        nests = [self._nest(owner), self._nest(block)]
        if nests[0] is not None and nests[1] is not None:
            tie(nests[0], nests[1])
            return
        for coordinate in range(max(len(owner.shape), len(block.shape))):
            found = [
                run
                for user in (owner, block)
                if coordinate < len(user.shape)
                for run in self._runs(user, coordinate)
                if run
            ]
            if owner.shape == block.shape and len(found) == 2:
                tie_runs(*found)
            elif len(found) != 2 or owner.shape != block.shape:
                for run in found:
                    fix(run)

    def _nest(self, block: EdgeBlock) -> list[Factor] | None:
        """List the factors of all coordinates; None where one comes to several segments."""
        nest: list[Factor] = []
        for coordinate, size in enumerate(block.shape):
            found = [run for run in self._runs(block, coordinate) if run]
            if any(len(run) > 1 for run in found):
                return None
            if found:
                nest += found[0][0]
            elif size > 1:
                nest.append(Factor(size, fixed=True))
        return nest

    def _runs(self, block: EdgeBlock, coordinate: int) -> tuple[Runs, Runs]:
        """List what a coordinate runs over at the source and at the target, by segment."""
        size = block.shape[coordinate]
        ends: list[Runs] = []
        for which in ("source", "target"):
            group, start, strides = end_of(self.template, block, which)
            stride = strides[coordinate]
            if size == 1 or stride == 0:
                ends.append([])
                continue
            length = extent_of(block.shape, strides)
            ends.append(self.axes[group].stretch(start, length, stride, size))
        return ends[0], ends[1]

    def _contexts(self) -> dict[int, tuple[int, ...]]:
        """Find, for each factor, the outer factors that its permutation may depend on.

        These lie outside of it on every axis where it comes: weights that are shared among heads,
        for one, tie a factor inside one nest to a factor inside another.
        """
        contexts: dict[int, tuple[int, ...]] = {}
        for segment in (segment for axis in self.axes for segment in axis.segments):
            parts = [part for part in segment.parts() if part.size > 1]
            for depth, part in enumerate(parts):
                outer = tuple(id(other) for other in parts[:depth])
                before = contexts.get(id(part), outer)
                contexts[id(part)] = tuple(key for key in before if key in outer)
        return contexts

    def _free(self) -> dict[tuple[int, Context], Factor]:
        """List what may be chosen freely: a permutation for each factor and outer position."""
        sizes = {
            id(part): part.size
            for axis in self.axes
            for segment in axis.segments
            for part in segment.parts()
        }
        free: dict[tuple[int, Context], Factor] = {}
        for part in (
            part for axis in self.axes for segment in axis.segments for part in segment.parts()
        ):
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
            for start, segment in zip(axis.starts, axis.segments, strict=True):
                order = arrange(segment.parts(), choice, self.contexts, {})
                first = group.start + start
                nodes[first : first + len(order)] = first + order
        return Permutation(self.template, nodes)

    def __str__(self) -> str:
        names: dict[int, str] = {}
        lines = [f"{self.order} permutations"]
        for axis, group in zip(self.axes, self.template.node_groups, strict=True):
            if group.kind not in ("input", "neuron"):
                continue
            pieces = []
            for segment in axis.segments:
                words = []
                for part in segment.parts():
                    name = names.setdefault(id(part), f"P{len(names)}")
                    words.append(f"{'fixed' if part.fixed else name}({part.size})")
                pieces.append(" of ".join(words))
            lines.append(f"  {group.name}: {' + '.join(pieces)}")
        return "\n".join(lines)


def keep_groups(axis: SegmentedAxis, eps: float, size: int, over: Attributes) -> None:
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
        for start, segment in zip(axis.starts, axis.segments, strict=True):
            if start % together == 0 and segment.size % together == 0:
                segment.cut_at(together)
            elif start // together != (start + segment.size - 1) // together:
                segment.fix()
    elif items % inside or together % units:  # a group ends within a neuron's positions
        for segment in axis.segments:
            segment.fix()


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
