"""Symmetries by the tensors that they act on: for computation graphs, whose nodes are others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphgen.drawing.symmetry.acting import Acting
from graphgen.drawing.symmetry.factors import FactorFamilies
from graphgen.drawing.symmetry.families import PermutationFamilies, tensor_axis
from graphgen.drawing.symmetry.outputs import Outputs
from graphgen.drawing.values.packing import Lists
from graphgen.symmetry.scalings import Scalings
from graphgen.template import EdgeBlock, Template

MOVES = "Their moves are shown on the page of the parameter graph."


class OfTensors:
    """The symmetries of a network's parameter graph, told for the blocks of its other graph."""

    def __init__(self, template: Template, acting: Acting) -> None:
        self.template, self.acting = template, acting
        self.shapes = {tensor.name: tensor.shape for tensor in template.tensors}
        self.names = self._names(acting.template)

    def _names(self, own: Template) -> dict[tuple[str, int], str | None]:
        """Name what permutes each axis of each tensor, None where it is not one thing."""
        result: dict[tuple[str, int], str | None] = {}
        for block in own.blocks:
            if block.tensor is None or block.tied:
                continue
            for axis in varying(block):
                place = block.tensor, tensor_axis(block, axis, self.shapes[block.tensor])
                word = self.acting.axis(block, axis)
                result[place] = word if result.get(place, word) == word else None
        return result

    def permuted_by(self, block: EdgeBlock) -> list[str | None]:
        """Say for each axis of a block what permutes its tensor along it."""
        result: list[str | None] = [None] * len(block.shape)
        if block.tensor is not None:
            shape = self.shapes[block.tensor]
            for axis in varying(block):
                place = tensor_axis(block, axis, shape)
                # A part of a tensor's axis would be permuted by a part of what permutes it.
                if block.shape[axis] == shape[place]:
                    result[axis] = self.names.get((block.tensor, place))
        return result

    def plain(self) -> dict[str, Any]:
        """Give what a page shows: the families without their moves."""
        own = self.acting.template
        rng, lists, outputs = np.random.default_rng(0), Lists(), Outputs(own, None, 0)
        permutations = PermutationFamilies(self.acting.group, self.acting, no_bins, lists, outputs)
        parts = sorted(self.acting.parts, key=lambda part: int(self.acting.name(part)[1:]))
        factors = FactorFamilies(Scalings(own), no_bins, False, lists, outputs)
        found = [
            *(permutations.family(part) for part in parts),
            *(family for family, _ in factors.families(0, rng)),
        ]
        return {
            "order": str(self.acting.group).splitlines()[0],
            "signs_and_scales": repr(factors.group).split(": ")[1].rstrip(">"),
            "families": [self._moved(family) for family in found],
            "statements": list(self.acting.group.statements),
            "left_out": MOVES if found else None,
        }

    def _moved(self, family: Mapping[str, Any]) -> dict[str, Any]:
        """Name the blocks of the other graph that carry what a family acts on."""
        tensors = {tensor["name"] for tensor in family["tensors"]}
        blocks = [i for i, block in enumerate(self.template.blocks) if block.tensor in tensors]
        return {**family, "groups": [], "blocks": blocks}


def varying(block: EdgeBlock) -> list[int]:
    """List the axes of a block along which its tensor goes on."""
    strides = block.tensor_strides
    return [
        axis
        for axis, size in enumerate(block.shape)
        if size > 1 and (strides is None or strides[axis] != 0)
    ]


def no_bins(index: int) -> None:
    """Give no bins: no moves are asked for."""
    return None
