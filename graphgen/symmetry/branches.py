"""Branches: exchanges of whole parts of a network that are built alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphgen.symmetry.pieces import Pieces, Place

Vertex = int
Mapping = tuple[int, ...]
"""A permutation of vertices: vertex i goes to `mapping[i]`."""


class Quotient:
    """The network in the large: a vertex for each node group, segment, piece and shared tensor.

    Its automorphisms exchange parallel branches; within a segment they keep the order of nodes.
    """

    def __init__(self, pieces: Pieces) -> None:
        self.pieces = pieces
        self.colours: list[object] = []
        self.neighbours: list[list[tuple[object, Vertex]]] = []
        self.segments: dict[Place, Vertex] = {}
        self._add_groups()
        uses = Counter(b.tensor for b in pieces.template.blocks if b.tensor is not None)
        shared: dict[tuple[object, ...], Vertex] = {}
        # Parameter-free pieces that say the same of the same nodes are one, that counts.
        free = Counter(
            (piece.source, piece.target, piece.signature)
            for piece in pieces.all
            if piece.block.tensor is None
        )
        for (source, target, signature), count in free.items():
            self._add_piece((*signature, count), source, target)
        for piece in pieces.all:
            tensor = piece.block.tensor
            if tensor is None:
                continue
            vertex = self._add_piece(piece.signature, piece.source, piece.target)
            if uses[tensor] > 1:
                key = (tensor, piece.starts, piece.shape)
                if key not in shared:
                    shared[key] = self._vertex(("tensor", piece.shape))
                self._join(vertex, shared[key], "uses")

    def _add_piece(self, signature: object, source: Place, target: Place) -> Vertex:
        vertex = self._vertex(("piece", signature))
        self._join(vertex, self.segments[source], "source")
        self._join(vertex, self.segments[target], "target")
        return vertex

    def _add_groups(self) -> None:
        template, axes = self.pieces.template, self.pieces.axes
        for index, (group, axis) in enumerate(zip(template.node_groups, axes, strict=True)):
            single = (index,) if group.kind == "input" or group.output >= 0 else ()
            role = (group.kind, group.steps, group.attributes, group.depth, *single)
            whole = self._vertex(("group", *role))
            for place, (start, segment) in enumerate(zip(axis.starts, axis.segments, strict=True)):
                own = (place,) if single else ()
                parts = tuple((part.size, part.fixed, part.held) for part in segment.parts())
                alignment = [
                    start % dict(step.attributes).get("size", 1)
                    for step in group.steps
                    if step.operation == "group_norm"
                ]
                vertex = self._vertex(("segment", parts, tuple(alignment), *own))
                self.segments[index, place] = vertex
                self._join(whole, vertex, "part")

    def _vertex(self, colour: object) -> Vertex:
        self.colours.append(colour)
        self.neighbours.append([])
        return len(self.colours) - 1

    def _join(self, a: Vertex, b: Vertex, label: str) -> None:
        self.neighbours[a].append((label, b))
        self.neighbours[b].append((f"of {label}", a))

    def is_automorphism(self, mapping: Mapping) -> bool:
        """Check a permutation of vertices."""
        return all(
            self.colours[vertex] == self.colours[mapping[vertex]]
            and Counter((label, mapping[other]) for label, other in near)
            == Counter(self.neighbours[mapping[vertex]])
            for vertex, near in enumerate(self.neighbours)
        )


@dataclass(frozen=True)
class Level:
    """One step of a chain of stabilisers: a mapping of the base point to each point it can go to.

    The mappings keep the base points of the levels before.
    """

    base: Vertex
    mappings: tuple[Mapping, ...]


def chain(quotient: Quotient) -> list[Level]:
    """Find the automorphisms of a quotient, as a chain of stabilisers.

    The number of automorphisms is the product of the numbers of mappings (the identity included);
    each is a product of one mapping of each level.
    """
    count = len(quotient.colours)
    colouring = refine(quotient, number(quotient.colours))
    levels = []
    while (cell := smallest_cell(colouring)) is not None:
        base, *others = cell
        mappings = [tuple(range(count))]
        fixed = individualise(quotient, colouring, base)
        for other in others:
            moved = individualise(quotient, colouring, other)
            found = isomorphism(quotient, fixed, moved)
            if found is not None:
                mappings.append(found)
        if len(mappings) > 1:
            levels.append(Level(base, tuple(mappings)))
        colouring = fixed
    return levels


def isomorphism(quotient: Quotient, first: list[int], second: list[int]) -> Mapping | None:
    """Search for an automorphism that takes one colouring to another."""
    if Counter(first) != Counter(second):
        return None
    cell = smallest_cell(first)
    if cell is None:
        place = {colour: vertex for vertex, colour in enumerate(second)}
        mapping = tuple(place[colour] for colour in first)
        return mapping if quotient.is_automorphism(mapping) else None
    base = cell[0]
    fixed = individualise(quotient, first, base)
    for other in (v for v, colour in enumerate(second) if colour == first[base]):
        found = isomorphism(quotient, fixed, individualise(quotient, second, other))
        if found is not None:
            return found
    return None


def smallest_cell(colouring: Sequence[int]) -> list[Vertex] | None:
    """Give the vertices of the smallest class with more than one; None if there is none."""
    cells: dict[int, list[Vertex]] = {}
    for vertex, colour in enumerate(colouring):
        cells.setdefault(colour, []).append(vertex)
    several = [cell for cell in cells.values() if len(cell) > 1]
    return min(several, key=lambda cell: (len(cell), colouring[cell[0]]), default=None)


def individualise(quotient: Quotient, colouring: Sequence[int], vertex: Vertex) -> list[int]:
    """Give a vertex a colour of its own, and refine."""
    return refine(quotient, [2 * colour + (v == vertex) for v, colour in enumerate(colouring)])


def refine(quotient: Quotient, colouring: list[int]) -> list[int]:
    """Split classes of vertices by the colours around them until no class splits.

    Colours are numbered by what they stand for, so that those of two refinements compare.
    """
    classes = len(set(colouring))
    while True:
        around: list[object] = [
            (colouring[v], tuple(sorted((label, colouring[o]) for label, o in near)))
            for v, near in enumerate(quotient.neighbours)
        ]
        colouring = number(around)
        now = len(set(colouring))
        if now == classes:
            return colouring
        classes = now


def number(items: Sequence[object]) -> list[int]:
    """Number items by their order, equal ones alike."""
    places = {item: place for place, item in enumerate(sorted(set(items), key=repr))}
    return [places[item] for item in items]


def lifted(quotient: Quotient, mapping: Mapping) -> Iterator[tuple[Place, Place]]:
    """List where each segment goes."""
    back = {vertex: place for place, vertex in quotient.segments.items()}
    for place, vertex in quotient.segments.items():
        yield place, back[mapping[vertex]]
