"""A template as a small coloured graph, in which a few items of each digit stand for all."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from graphgen.errors import GraphError
from graphgen.liveness import joined_axes
from graphgen.symmetry.block_cuts import TOLD, Cut, Kept
from graphgen.symmetry.cuts import Cuts
from graphgen.symmetry.digits import Digit, Span
from graphgen.symmetry.partly_read import moved_as_one
from graphgen.symmetry.rows import Ints, Row, Words, mix, refine, word
from graphgen.symmetry.ties import Ties, shared
from graphgen.template import EdgeBlock, Template

Bound = tuple[tuple[int, int], ...]
Place = tuple[int, int, int]
Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


class Quotient:
    """Vertices with colours, and bicliques between them.

    The vertices are the nodes of a template that an output depends on, and behind them one for each
    index of an axis of a tensor with several uses. A vertex may stand for others: `base` is the
    number, in the whole graph of `total` vertices, of the one of its cell where all shrunken digits
    are 0, and `bound` says which values of these it has; `cells` gives the digits of a cell with
    their strides. `plain` are colours that do not depend on names.

    The digits at the places `whole` do not shrink, those at `pinned` are kept as they are.
    """

    def __init__(
        self, template: Template, whole: Iterable[Place] = (), pinned: Iterable[Place] = ()
    ) -> None:
        self.template = template
        self.statements: list[str] = []
        self._places = set(whole), set(pinned)
        self._cells: dict[object, int] = {}
        self._added: dict[int, int] = {}
        self.groups, blocks = list(template.node_groups), list(template.blocks)
        self.total = template.num_nodes
        grids = self._enter(blocks)
        alive = self._live(grids)
        reached = [(grid.block, alive[grid.ends[1][0]]) for grid in grids]
        uses = shared([block for block, live in reached if live.any()])
        partly = {block.tensor for block, live in reached if live.any() and not live.all()}
        self.statements += [
            f"{found[0].tensor}: its uses read parts of it; the neurons at their ends move as one, "
            "as if each read all of it"
            for found in uses
            if found[0].tensor in partly and moved_as_one(template, found)
        ]
        self._uses = {block.name: len(found) for found in uses for block in found}
        if uses:
            shapes = {tensor.name: tensor.shape for tensor in template.tensors}
            tied = Ties(uses, shapes, len(self.groups), template.num_nodes)
            self.groups += tied.groups
            self.total = tied.end
            grids = self._enter(blocks + tied.blocks)
            alive = self._live(grids)
        self._join(grids, alive)

    def _enter(self, blocks: list[EdgeBlock]) -> list[Grid]:
        """Cut the groups, make a vertex for each node that stays, and write the blocks as rows."""
        self.cuts = Cuts(self.groups, blocks)
        for place, spans in enumerate(self.cuts.spans):
            for span in spans:
                for digit, stride in span.parts():
                    digit.whole |= (place, span.start, stride) in self._places[0]
                    digit.pinned |= (place, span.start, stride) in self._places[1]
                    digit.named |= digit.pinned
        self.cuts.agree()
        self.kept = [cut.kept() for cut in self.cuts.cuts]
        self.digits: list[Digit] = []
        self.cells: dict[int, Bound] = {}
        self.bound: list[Bound] = []
        number, base, colour, plain = [], [], [], []
        inputs = 0
        for group, spans in zip(self.groups, self.cuts.spans, strict=True):
            single = group.kind == "input" or group.output >= 0
            kind = word((group.kind, str(group.steps), str(group.attributes)))
            own = word((kind, inputs, group.output)) if single else kind
            inputs += group.kind == "input"
            for span in spans:
                items = kept_items(span)
                number.append(items + group.start + span.start)
                base.append(self._describe(items, span.parts(), group.start + span.start))
                plain.append(np.full(len(items), kind, dtype=np.uint64))
                found = np.full(len(items), own, dtype=np.uint64)
                colour.append(mix(found ^ mix(items + span.start)) if single else found)
                for digit, stride in span.parts():
                    if digit.pinned:
                        colour[-1] = mix(colour[-1] ^ mix(items // stride % digit.size + stride))
        self._number = np.concatenate(number)
        self.base, self.colour = np.concatenate(base), np.concatenate(colour)
        self.plain = np.concatenate(plain)
        return [
            Grid(cut, kept, self._number)
            for cut, kept in zip(self.cuts.cuts, self.kept, strict=True)
        ]

    def _describe(self, items: Ints, digits: list[tuple[Digit, int]], start: int) -> Ints:
        """Note which values of shrunken digits the items of a span have; give their bases."""
        base = items.copy()
        names, columns = [], []
        for digit, stride in digits:
            if digit.kept == digit.size:
                continue
            if digit.number < 0:
                digit.number = len(self.digits)
                self.digits.append(digit)
            values = items // stride % digit.size
            base -= values * stride
            names.append((digit.number, stride))
            columns.append([(digit.number, value) for value in values.tolist()])
        if names:
            self.cells |= dict.fromkeys((np.unique(base) + start).tolist(), tuple(names))
        self.bound += zip(*columns, strict=True) if columns else [()] * len(items)
        return base + start

    def _live(self, grids: list[Grid]) -> Bools:
        """Say of the vertices whether an output depends on them, as `Template.dead_nodes` does."""
        alive = np.zeros(len(self._number), np.bool_)
        joined = joined_axes(self.template)
        made = [
            (*grid.edges(self._number), joined[grid.block.name])
            for grid in grids
            if grid.block.tensor is not None and joined.get(grid.block.name)
        ]
        together = []
        for group in self.groups:
            here = slice(*np.searchsorted(self._number, [group.start, group.start + group.size]))
            alive[here] = group.output >= 0
            if group.normed == group.size > 1:
                together.append(here)
        count = -1
        while count != (count := int(alive.sum())):
            for grid in reversed(grids):
                (sources, _), (targets, _) = grid.ends
                alive[sources[alive[targets].any(axis=1)]] = True
                if grid.block.kind == "hub" and self.groups[grid.block.target_group].normed > 1:
                    alive[targets[alive[sources].any(axis=1)]] = True
            for begins, into, axes in made:
                reached = np.broadcast_to(alive[into].any(axis=axes, keepdims=True), into.shape)
                alive[begins[reached]] = alive[into[reached]] = True
            for here in together:
                alive[here] |= alive[here].any()
        return alive

    def _join(self, grids: list[Grid], alive: Bools) -> None:
        """Keep what is alive; refine the colours without names."""
        self.bound = [bound for bound, own in zip(self.bound, alive.tolist(), strict=True) if own]
        self.base, self.colour = self.base[alive], self.colour[alive]
        place = np.where(alive, np.cumsum(alive) - 1, -1)
        self.rows, plain = [], []
        for grid in grids:
            said = word((grid.said, self._uses.get(grid.block.name, 1)))
            for label, sources, targets in grid.rows(place, said):
                self.rows.append(Row(label, sources, targets))
                plain.append(Row(said, sources, targets))
        none = np.zeros(len(self.base), np.int64)
        self.plain = refine(self.plain[alive], none, plain)[0]
        self._plain = self.plain.tolist()

    def grown(self, labels: list[int], neighbours: list[set[int]]) -> int:
        """Enter vertices between others, with the digits that these share; give their colour."""
        bases = []
        for label, own in zip(labels, neighbours, strict=True):
            values: dict[int, set[int]] = {}
            for v in own:
                for digit, value in self.bound[v]:
                    values.setdefault(digit, set()).add(value)
            told = sorted((d, next(iter(x))) for d, x in values.items() if len(x) == 1)
            digits = tuple(d for d, _ in told)
            cell = label, digits, tuple(sorted({int(self.base[v]) for v in own}))
            bases.append(self._cell(cell, digits))
            self.bound.append(tuple(told))
        self.base = np.concatenate([self.base, np.array(bases, dtype=np.int64)])
        return word("hub")

    def added(self, name: int, digits: set[int], at: dict[int, int]) -> int:
        """Enter a vertex that a search has added, once, and give its place."""
        if name not in self._added:
            own = tuple(sorted(digits))
            self._added[name] = len(self.bound)
            self.base = np.append(self.base, self._cell(name, own))
            self.bound.append(tuple((d, at[d]) for d in own))
        return self._added[name]

    def _cell(self, name: object, digits: tuple[int, ...]) -> int:
        """Give the number of the first vertex of a cell; the others are behind it."""
        if name not in self._cells:
            self._cells[name] = self.total
            strides = []
            size = 1
            for digit in digits:
                strides.append((digit, size))
                size *= self.digits[digit].size
            self.cells[self.total] = tuple(strides)
            self.total += size
        return self._cells[name]

    def places(self, digits: set[int]) -> set[Place]:
        """List where digits come, and others that are alike: group, start of the span, stride."""
        kinds: dict[int, set[int]] = {}
        for bound, plain in zip(self.bound, self._plain, strict=False):
            for digit, _ in bound:
                kinds.setdefault(digit, {self.digits[digit].size}).add(plain)
        alike = [kinds[digit] for digit in digits]
        own = [self.digits[digit] for digit in kinds if kinds[digit] in alike]
        return {
            (group, span.start, stride)
            for group, spans in enumerate(self.cuts.spans)
            for span in spans
            for digit, stride in span.parts()
            if digit in own
        }


def kept_items(span: Span) -> Ints:
    """List the items of a span that stay, counted from its start."""
    values = np.zeros(1, np.int64)
    for digit, stride in span.parts():
        values = (values[:, None] + stride * np.arange(digit.kept)).reshape(-1)
    return values


class Grid:
    """A block as a few bicliques, one for each coordinate that both ends share.

    `ends` lists the vertices at the two sides of each biclique, with their weights.
    """

    def __init__(self, cut: Cut, kept: list[Kept], number: Ints) -> None:
        self.block, self._kept = cut.block, kept
        block = cut.block
        told = [role in TOLD for role in block.axes]
        moves = [(s, t) for s, t in zip(block.source_strides, block.target_strides, strict=True)]
        axes = [k for k, n in enumerate(block.shape) if n > 1 and any(moves[k])]
        common = [k for k in axes if all(moves[k]) or told[k]]
        meshes = np.meshgrid(*(kept[k][0] for k in common), indexing="ij")
        grid = np.array([mesh.reshape(-1) for mesh in meshes], dtype=np.int64)
        grid = grid.reshape(len(common), -1 if common else 1)
        self.ends: list[tuple[Ints, Words]] = []
        for end, start in enumerate((block.source_start, block.target_start)):
            own, weight = np.zeros(1, np.int64), np.ones(1, np.uint64)
            for k in axes:
                if moves[k][end] and k not in common:
                    own = (own[:, None] + moves[k][end] * kept[k][0]).reshape(-1)
                    weight = (weight[:, None] * kept[k][1]).reshape(-1)
            steps = np.array([moves[k][end] for k in common], dtype=np.int64)
            nodes = start + (steps @ grid)[:, None] + own[None, :]
            place = np.minimum(np.searchsorted(number, nodes), len(number) - 1)
            if not np.array_equal(number[place], nodes):
                raise GraphError(f"{block.name}: its ends keep different neurons; please report it")
            self.ends.append((place, weight))
        self.said = word(said(block))
        self._place = np.zeros(grid.shape[1], dtype=np.int64)
        for k, values in zip(common, grid, strict=True):
            if told[k]:
                self._place = self._place * block.shape[k] + values

    def edges(self, number: Ints) -> tuple[Ints, Ints]:
        """Give the vertices at both ends of each edge that stays, in the block's shape."""
        grid = np.meshgrid(*(values for values, _ in self._kept), indexing="ij", sparse=True)
        nodes = (
            start + sum(step * values for step, values in zip(strides, grid, strict=True))
            for start, strides in (
                (self.block.source_start, self.block.source_strides),
                (self.block.target_start, self.block.target_strides),
            )
        )
        sources, targets = (np.searchsorted(number, found) for found in nodes)
        return sources, targets

    def rows(self, place: Ints, label: int) -> list[Row]:
        """Give the bicliques between live vertices: `place` has their places, or -1."""
        labels = [word((label, x)) if x else label for x in self._place.tolist()]
        ends = []
        for nodes, weight in self.ends:
            weights = weight.tolist()
            listed = place[nodes].tolist()
            ends.append([{v: w for v, w in zip(r, weights, strict=True) if v >= 0} for r in listed])
        rows = (Row(*row) for row in zip(labels, *ends, strict=True))
        return [row for row in rows if row.sources and row.targets]


def said(block: EdgeBlock) -> tuple[object, ...]:
    """Give what a block says of its edges: beside it only coordinates tell them apart."""
    told = tuple(n for n, role in zip(block.shape, block.axes, strict=True) if role in TOLD)
    free = block.tensor is None
    return block.kind, free, block.constant, block.step, str(block.attributes), told
