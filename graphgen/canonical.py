"""The canonical form of a structure: groups, blocks and tensors in an order that no spelling moves.

Networks whose layers are listed in another order, or that are named otherwise, have one form; two
structures of one form are isomorphic, always. Colours of groups, blocks and tensors are refined by
those around them; of what stays alike one is set apart, and the others follow.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphgen.template import EdgeBlock, Template

Neighbours = list[list[tuple[int, int]]]
"""For each vertex the others next to it, each with what they are to it."""

SOURCE, TARGET, TENSOR = 1, 2, 3


def canonical_form(template: Template) -> dict[str, Any]:
    """Describe a structure as `Template.describe` does, in canonical order and without names."""
    groups, blocks, tensors = template.node_groups, template.blocks, template.tensors
    numbers = {tensor.name: number for number, tensor in enumerate(tensors)}
    group_rows = [row_of(group, "name", "start") for group in groups]
    block_rows = [row_of_block(template, block) for block in blocks]
    tensor_rows = [row_of(tensor, "name", "initial") for tensor in tensors]
    first, last = len(groups), len(groups) + len(blocks)
    around: Neighbours = [[] for _ in range(last + len(tensors))]
    for number, block in enumerate(blocks, start=first):
        ends = [(SOURCE, block.source_group), (TARGET, block.target_group)]
        if block.tensor is not None:
            ends.append((TENSOR, last + numbers[block.tensor]))
        for word, end in ends:
            around[number].append((word, end))
            around[end].append((word, number))
    keys = [json.dumps(row, sort_keys=True) for row in (*group_rows, *block_rows, *tensor_rows)]
    order = ordered(keys, around)
    place = {vertex: number for number, vertex in enumerate(order)}
    parts = [sorted(part, key=place.__getitem__) for part in (
        range(first), range(first, last), range(last, len(around)))]  # fmt: skip
    found = [{vertex: number for number, vertex in enumerate(part)} for part in parts]
    described = []
    for vertex in parts[1]:
        block = blocks[vertex - first]
        source, target = found[0][block.source_group], found[0][block.target_group]
        tensor = None if block.tensor is None else found[2][last + numbers[block.tensor]]
        described.append([block_rows[vertex - first], source, target, tensor])
    return {
        "kind": template.kind,
        "node_groups": [group_rows[vertex] for vertex in parts[0]],
        "blocks": sorted(described, key=lambda row: json.dumps(row, sort_keys=True)),
        "tensors": [tensor_rows[vertex - last] for vertex in parts[2]],
    }


def row_of(part: Any, *without: str) -> dict[str, Any]:
    """Describe a group or a tensor on its own."""
    return {name: value for name, value in asdict(part).items() if name not in without}


def row_of_block(template: Template, block: EdgeBlock) -> dict[str, Any]:
    """Describe a block on its own: its ends begin within their groups."""
    groups = template.node_groups
    inside = replace(
        block,
        weight=None,
        source_start=block.source_start - groups[block.source_group].start,
        target_start=block.target_start - groups[block.target_group].start,
    )
    return row_of(
        inside, "name", "layer", "edge_start", "source_group", "target_group", "tensor", "tied",
        "weight",
    )  # fmt: skip


def ordered(keys: Sequence[str], around: Neighbours) -> list[int]:
    """Order the vertices of a coloured graph by their colours, as refined as can be.

    Among vertices that no refinement tells apart their numbers decide, for one after the other: it
    does not matter which comes first where these may be exchanged.
    """
    colours = Colours(keys, around)
    colours.refine(range(len(keys)))
    while (alike := colours.several()) is not None:
        colours.set_apart(min(alike))
        colours.refine(alike)
    return sorted(range(len(keys)), key=lambda vertex: colours.of[vertex])


class Colours:
    """Colours of vertices, as hashes, and the cells of those that share one."""

    def __init__(self, keys: Sequence[str], around: Neighbours) -> None:
        self.around = around
        self.of = [digest(key) for key in keys]
        self.cells: dict[bytes, list[int]] = defaultdict(list)
        for vertex, colour in enumerate(self.of):
            self.cells[colour].append(vertex)

    def several(self) -> list[int] | None:
        """Give the first cell of several vertices; None if there is none."""
        open_ = [colour for colour, cell in self.cells.items() if len(cell) > 1]
        return self.cells[min(open_)] if open_ else None

    def set_apart(self, vertex: int) -> None:
        """Give one vertex a colour of its own."""
        colour = self.of[vertex]
        self.cells[colour].remove(vertex)
        self.of[vertex] = digest(f"{colour.hex()} apart")
        self.cells[self.of[vertex]] = [vertex]

    def refine(self, changed: Iterable[int]) -> None:
        """Split cells whose vertices have other colours around, as long as any splits."""
        while near := {self.of[v] for c in changed for _, v in self.around[c]}:
            split: list[tuple[bytes, dict[bytes, list[int]]]] = []
            for colour in near:
                cell = self.cells[colour]
                if len(cell) > 1:
                    parts: dict[bytes, list[int]] = defaultdict(list)
                    for vertex in cell:
                        parts[self.seen(vertex)].append(vertex)
                    if len(parts) > 1:
                        split.append((colour, parts))
            changed = []
            for colour, parts in split:
                del self.cells[colour]
                for new, cell in parts.items():
                    self.cells[new] = cell
                    changed += cell
                    for vertex in cell:
                        self.of[vertex] = new

    def seen(self, vertex: int) -> bytes:
        """Give the colour that a vertex has by those around it."""
        return digest(
            self.of[vertex].hex(),
            *sorted(f"{word} {self.of[other].hex()}" for word, other in self.around[vertex]),
        )


def digest(*parts: str) -> bytes:
    """Hash text."""
    return sha256("\n".join(parts).encode()).digest()
