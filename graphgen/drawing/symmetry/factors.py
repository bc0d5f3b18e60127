"""Signs and scales shown: factors of neurons, and what they do to matrices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.matrix import MatrixView
from graphgen.drawing.symmetry.bins import BinsOf
from graphgen.drawing.symmetry.families import tensor_axis
from graphgen.drawing.symmetry.moves import NotShownError, once, spread
from graphgen.drawing.symmetry.outputs import Outputs
from graphgen.drawing.values.packing import Lists
from graphgen.symmetry.scalings import Scaling, Scalings
from graphgen.template import EdgeBlock

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

POWERS = (0.25, 0.5, 2.0, 4.0)
"""Factors that every floating dtype multiplies by exactly."""
MOST_CELLS = 131_072


class FactorFamilies:
    """The signs and scales of a group: a family for all factors that the same node groups have."""

    def __init__(
        self, group: Scalings, bins_of: BinsOf, means: bool, lists: Lists, outputs: Outputs
    ) -> None:
        self.group, self.template = group, group.template
        self.bins_of, self.means, self.lists, self.outputs = bins_of, means, lists, outputs
        everyone = np.arange(group.unknowns.count)
        self.roots, self.powers = group.unknowns.find_all(everyone)
        self._known = {
            index: group.powers(block)
            for index, block in enumerate(self.template.blocks)
            if block.tensor is not None and not block.tied
        }
        self._shapes = {tensor.name: tensor.shape for tensor in self.template.tensors}

    def families(
        self, count: int, rng: np.random.Generator
    ) -> Iterator[tuple[dict[str, Any], Iterator[dict[str, Any]]]]:
        """Give each family, and its examples, computed as they are asked for."""
        unknowns = self.group.unknowns
        numbers = {"sign": 0, "scale": 0}
        for groups, roots in self._together():
            for kind, bound in (("sign", unknowns.positive), ("scale", unknowns.unit)):
                free = roots[~bound[roots]]
                if not len(free):
                    continue
                family = self._family(kind, numbers[kind], groups, free)
                numbers[kind] += 1
                yield family, self._examples(kind, free, count, rng)

    def _together(self) -> list[tuple[list[int], Ints]]:
        """List the free factors by the groups of nodes that have them."""
        found: dict[int, list[int]] = {}
        for index, stages in enumerate(self.group.stages):
            apart = {id(stage): stage for stage in stages}
            roots = np.unique(np.concatenate([self.roots[stage] for stage in apart.values()]))
            for root in roots[~self.group.unknowns.fixed(roots)].tolist():
                found.setdefault(root, []).append(index)
        together: dict[tuple[int, ...], list[int]] = {}
        for root, groups in found.items():
            together.setdefault(tuple(groups), []).append(root)
        return [(list(groups), np.array(roots)) for groups, roots in together.items()]

    def _family(self, kind: str, number: int, groups: list[int], roots: Ints) -> dict[str, Any]:
        chosen = np.zeros(self.group.unknowns.count, dtype=np.bool_)
        chosen[roots] = True
        reached = chosen[self.roots]
        blocks: list[int] = []
        named: dict[tuple[str, int], None] = {}
        for index, powers in self._known.items():
            block = self.template.blocks[index]
            axes = changing(powers, reached)
            if axes:
                blocks.append(index)
            for axis in axes:
                shape = self._shapes[str(block.tensor)]
                named[str(block.tensor), tensor_axis(block, axis, shape)] = None
        names = [self.template.node_groups[index] for index in groups]
        first = min(names, key=lambda group: (group.depth, group.start)).name.split("/")[0]
        layers = {group.name.split("/")[0] for group in names}
        what = "signs" if kind == "sign" else "sizes"
        more = f" and {len(layers) - 1} more layers" if len(layers) > 1 else ""
        return {
            "name": f"{'S' if kind == 'sign' else 'F'}{number}",
            "kind": kind,
            "title": f"{what} of {len(roots)} neurons of {first}{more}",
            "size": len(roots),
            "copies": 1,
            "tensors": [{"name": name, "axis": axis} for name, axis in named],
            "groups": groups,
            "blocks": blocks,
            "examples": [],
        }

    def _examples(
        self, kind: str, roots: Ints, count: int, rng: np.random.Generator
    ) -> Iterator[dict[str, Any]]:
        """Give one factor changed, then all of them at random."""
        for number in range(count):
            values = np.ones(self.group.unknowns.count)
            if number == 0:
                values[roots[0]] = -1.0 if kind == "sign" else 2.0
                title = "flip the first" if kind == "sign" else "double the first"
            elif len(roots) == 1:
                return
            elif kind == "sign":
                flipped = rng.random(len(roots)) < 0.5
                flipped[rng.integers(len(roots))] = True
                values[roots[flipped]] = -1.0
                title = "flip half of them"
            else:
                values[roots] = rng.choice(POWERS, size=len(roots))
                title = "powers of two"
            chosen = values[self.roots]
            yield self._example(title, kind, np.where(self.powers < 0, 1 / chosen, chosen))

    def _example(self, title: str, kind: str, values: Floats) -> dict[str, Any]:
        moves = [
            move
            for index in self._known
            for move in self._moves(index, self.template.blocks[index], kind, values)
        ]
        factors = {
            str(index): self.lists.add(values[stages[-1]])
            for index, stages in enumerate(self.group.stages)
            if (values[stages[-1]] != 1).any()
        }
        shown = {"title": title, "nodes": {}, "from_groups": {}, "factors": factors, "moves": moves}
        element = Scaling(self.group, values)
        return {**shown, **self.outputs.of(lambda: element.apply(self.outputs.wide))}

    def _moves(
        self, index: int, block: EdgeBlock, kind: str, values: Floats
    ) -> Iterator[dict[str, Any]]:
        """Say what factors a block's rows and columns, or its cells, are multiplied by."""
        matrix = MatrixView(block)
        rows, columns = np.ones(matrix.rows), np.ones(matrix.columns)
        cells = None
        for unknowns, power in self._known[index]:
            own = values[unknowns] ** power
            if (own == 1).all():
                continue
            try:
                rest = (*matrix.column_axes, *matrix.tap_axes)
                rows = rows * spread(once(own, rest), matrix.row_axes, block)
                continue
            except NotShownError:
                pass
            try:
                rest = (*matrix.row_axes, *matrix.tap_axes)
                columns = columns * spread(once(own, rest), matrix.column_axes, block)
            except NotShownError:
                if matrix.rows * matrix.columns > MOST_CELLS:
                    raise
                both = (*matrix.row_axes, *matrix.column_axes)
                own = spread(once(own, matrix.tap_axes), both, block)
                cells = own if cells is None else cells * own
        if cells is not None:
            cells = cells * np.repeat(rows, matrix.columns) * np.tile(columns, matrix.rows)
            rows, columns = np.ones(matrix.rows), np.ones(matrix.columns)
        if (rows == 1).all() and (columns == 1).all() and (cells is None or (cells == 1).all()):
            return
        binned = self.bins_of(index) is not None
        yield {
            "block": index,
            "from": index,
            "to_rows": None,
            "rows": None,
            "columns": None,
            "cells": None,
            "row_factors": self._listed(rows),
            "column_factors": self._listed(columns),
            "cell_factors": None if cells is None else self._listed(cells),
            "row_bins": None,
            "column_bins": None,
            # Root mean squares keep still where signs change, but means do not.
            "bins": binned and kind == "sign" and not self.means,
        }

    def _listed(self, factors: Floats) -> int | None:
        return None if (factors == 1).all() else self.lists.add(factors)


def changing(powers: list[tuple[Ints, int]], reached: NDArray[np.bool_]) -> list[int]:
    """List the axes of a block along which some of these factors lie."""
    found: set[int] = set()
    for unknowns, _ in powers:
        if reached[unknowns].any():
            found |= {axis for axis, size in enumerate(unknowns.shape) if size > 1} or {0}
    return sorted(found)
