"""Permutations shown: each run of alike items, with a swap and shuffles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.symmetry.acting import Acting, Part
from graphgen.drawing.symmetry.bins import BinsOf, item_bins, moved_bins, shuffled
from graphgen.drawing.symmetry.moves import Move, Moves, NotShownError
from graphgen.drawing.symmetry.outputs import Outputs
from graphgen.drawing.values.packing import Lists
from graphgen.symmetry.group import Symmetries
from graphgen.symmetry.permutation import Permutation
from graphgen.template import EdgeBlock

Ints = NDArray[np.int64]

TRIES = 20


class PermutationFamilies:
    """The permutations of a group as the page shows them, a family for each run of items."""

    def __init__(
        self, group: Symmetries, acting: Acting, bins_of: BinsOf, lists: Lists, outputs: Outputs
    ) -> None:
        self.group, self.acting = group, acting
        self.template = group.template
        self.bins_of, self.lists, self.outputs = bins_of, lists, outputs
        self.moves = Moves(group.template, group.ends)
        self.not_shown: list[str] = []

    def family(self, part: Part) -> dict[str, Any]:
        """Describe what a part permutes, without examples."""
        groups = self.acting.groups[self.acting.parts.index(part)]
        blocks = [
            (index, axes)
            for index, block in enumerate(self.template.blocks)
            if {block.source_group, block.target_group} & {*groups}
            and (axes := self._axes(block, part))
        ]
        named: dict[tuple[str, int], None] = {}
        for index, axes in blocks:
            block = self.template.blocks[index]
            if block.tensor is not None:
                for axis in axes:
                    named[block.tensor, tensor_axis(block, axis, self._shape(block))] = None
        return {
            "name": self.acting.name(part),
            "kind": self.kind(part),
            "title": self.title(part, groups),
            "size": part.run.items,
            "copies": part.run.copies,
            "tensors": [{"name": name, "axis": axis} for name, axis in named],
            "groups": groups,
            "blocks": [index for index, _ in blocks if self.template.blocks[index].tensor],
            "examples": [],
        }

    def _shape(self, block: EdgeBlock) -> tuple[int, ...]:
        return next(t.shape for t in self.template.tensors if t.name == block.tensor)

    def _axes(self, block: EdgeBlock, part: Part) -> list[int]:
        return [axis for axis in range(len(block.shape)) if self.acting.acts(part, block, axis)]

    def kind(self, part: Part) -> str:
        """Say whether single neurons are permuted, heads as wholes, or branches."""
        if not part.run.free:
            return "branches"
        first, second = (self.acting.of_items(part, item) for item in (0, 1))
        if first != second:
            return "branches"
        nodes = np.sort(part.nodes[0, 0])
        inside = np.searchsorted(self.acting.starts, nodes, side="right")
        beside = (np.diff(nodes) == 1) & (np.diff(inside) == 0)
        return "heads" if beside.any() else "permutation"

    def title(self, part: Part, groups: list[int]) -> str:
        """Say in words what is permuted."""
        kind, size = self.kind(part), part.run.items
        if kind == "branches":
            names = [self._first(self.acting.of_items(part, item)) for item in range(min(size, 2))]
            alike = f"{size} branches" if part.run.free else f"{size} ways"
            return f"{alike}: {', '.join(dict.fromkeys(names))}" + (" ..." if size > 2 else "")
        where = self._first(groups)
        heads = "heads" if self._attends(where) else "groups"
        neurons = {self.template.node_groups[g].name.split("/")[0] for g in groups}
        more = f" and {len(neurons) - 1} more layers" if len(neurons) > 1 else ""
        inside = f" in each of {part.run.copies} {heads}" if part.run.copies > 1 else ""
        return f"{size} {heads if kind == 'heads' else 'neurons'}{inside} of {where}{more}"

    def _attends(self, layer: str) -> bool:
        """Say whether a layer is one of attention."""
        layers = () if self.template.net is None else self.template.net.layers
        return any("attention" in each.type for each in layers if each.name == layer)

    def _first(self, groups: list[int]) -> str:
        """Name the layer of the first group of neurons, the one nearest to the inputs."""
        found = [self.template.node_groups[index] for index in groups]
        neurons = [group for group in found if group.kind == "neuron"] or found
        return min(neurons, key=lambda group: (group.depth, group.start)).name.split("/")[0]

    def examples(self, part: Part, count: int, rng: np.random.Generator) -> list[dict[str, Any]]:
        """Give a swap and shuffles, none twice and none the identity."""
        result: list[dict[str, Any]] = []
        seen: list[Ints] = []
        for title, orders in self._orders(part, count, rng):
            if len(result) == count:
                break
            element = self.group.arranged({part.run: orders})
            if any(np.array_equal(element.nodes, nodes) for nodes in seen):
                continue
            seen.append(element.nodes)
            try:
                result.append(self._example(title, element))
            except NotShownError:
                self.not_shown.append(self.acting.name(part))
                return []
        return result

    def _orders(
        self, part: Part, count: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, Ints]]:
        """Propose orders of a part's items."""
        run = part.run
        if not run.free:
            for way in range(1, run.items):
                orders = np.zeros(run.copies, dtype=np.int64)
                orders[0] = way
                yield f"way {way + 1} of {run.items}", orders
            return
        still = np.tile(np.arange(run.items), (run.copies, 1))
        orders = still.copy()
        orders[0, :2] = 1, 0
        yield "swap 0 and 1", orders
        if run.items * run.copies == 2:
            return
        touched = {*self.acting.groups[self.acting.parts.index(part)]}
        levels = item_bins(self.template, part, self.bins_of, touched)
        for number in range(1, count):
            title = "shuffle" if number == 1 else f"shuffle {number}"
            for _ in range(TRIES):
                orders = np.stack(
                    [
                        shuffled([level[copy] for level in levels], run.items, rng)
                        for copy in range(run.copies)
                    ]
                )
                if not np.array_equal(orders, still):
                    yield title, orders
                    break

    def _example(self, title: str, element: Permutation) -> dict[str, Any]:
        nodes = np.asarray(element.nodes)
        moves = [self._plain(move) for move in self.moves.of(nodes)]
        shown = {"title": title, **self._nodes(nodes), "factors": None, "moves": moves}
        return {**shown, **self.outputs.of(lambda: element.apply(self.outputs.wide))}

    def _nodes(self, nodes: Ints) -> dict[str, Any]:
        """Say of each group that moves which of its nodes stand where, and whose they are."""
        listed, others = {}, {}
        starts = self.acting.starts
        for index in self.moves.moved_groups(nodes):
            group = self.template.node_groups[index]
            own = nodes[group.start : group.start + group.size]
            found = np.unique(np.searchsorted(starts, own, side="right") - 1)
            if len(found) > 1:
                raise NotShownError
            source = int(found[0])
            listed[str(index)] = self.lists.add(own - starts[source])
            if source != index:
                others[str(index)] = source
        return {"nodes": listed, "from_groups": others}

    def _plain(self, move: Move) -> dict[str, Any]:
        here, there = self.bins_of(move.block), self.bins_of(move.source)
        if (here is None) != (there is None):
            raise NotShownError
        bins = None if here is None else moved_bins(move, here, there)
        add = self._listed
        return {
            "block": move.block,
            "from": move.source,
            "to_rows": add(move.to_rows),
            "rows": add(move.rows),
            "columns": add(move.columns),
            "cells": add(move.cells),
            **NO_FACTORS,
            "row_bins": None if bins is None else add(bins[0]),
            "column_bins": None if bins is None else add(bins[1]),
            "bins": bins is not None,
        }

    def _listed(self, order: Ints | None) -> int | None:
        return None if order is None else self.lists.add(order)


NO_FACTORS = {"row_factors": None, "column_factors": None, "cell_factors": None}


def tensor_axis(block: EdgeBlock, axis: int, shape: tuple[int, ...]) -> int:
    """Give the axis of a tensor along which an axis of a block lies."""
    strides = block.tensor_strides or contiguous(block.shape)
    return next(
        (k for k, own in enumerate(contiguous(shape)) if abs(strides[axis]) >= own), len(shape) - 1
    )


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Give the strides of an array in C order, counted in items."""
    strides = [1]
    for size in shape[:0:-1]:
        strides.append(strides[-1] * size)
    return tuple(reversed(strides[: len(shape)]))
