"""The table of a group: which permutation acts on which axis of which parameter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from graphgen.symmetry.big_numbers import product_in_words
from graphgen.symmetry.block_cuts import Cut, Kept
from graphgen.symmetry.derivation import Derivation
from graphgen.symmetry.lift import Alike, Items, Part
from graphgen.symmetry.tree import Leaves, Tree
from graphgen.template import EdgeBlock

if TYPE_CHECKING:
    from graphgen.symmetry.group import Symmetries


@dataclass(frozen=True, eq=False)
class Acting:
    """What permutes `size` items, in each of several copies; or chooses one of so many `ways`."""

    size: int
    copies: int
    ways: bool = False

    def __str__(self) -> str:
        what = f"one of {self.size} ways" if self.ways else f"of {self.size}"
        return what + (f", for each of {self.copies} runs" if self.copies > 1 else "")


Chain = tuple[tuple[Acting, int], ...]


def write(group: Symmetries) -> str:
    """Print a group: its order, its permutations, and a row for each parameter.

    An order of more than sixty digits is given as a power of ten.

    `P0` is a permutation of all items along an axis; `P1 x P2` permutes the runs of an axis by P1
    and the items of each run by P2; `P3 + P4` acts on the two parts of an axis. A dot is an axis
    that stays. What was kept in place since it could not be decided is said below.
    """
    derivation = group.derivation
    names = Names(derivation)
    rows = [
        (names.tensor(cut.block), " | ".join(names.words(cut, kept)))
        for cut, kept in zip(derivation.quotient.cuts.cuts, derivation.quotient.kept, strict=True)
        if cut.block.tensor is not None and not cut.block.tied
    ]
    width = max((len(name) for name, _ in rows), default=0)
    free, ways = derivation.counts()
    lines = [f"{product_in_words(free, ways)} permutations"]
    if group.turning:
        both = product_in_words(free, [*ways, *group.turning])
        lines[0] += f", {both} with turns of channels, outside of the graph"
    for acting, name in names.names.items():
        lines.append(f"  {name}: {acting}")
    if names.exchanges:
        exchanges = [(acting.size, acting.copies) for acting in names.exchanges]
        lines.append(f"  exchanges of branches: {product_in_words(exchanges, [])}")
    lines += [f"  {name.ljust(width)}  {words}" for name, words in rows]
    lines += [f"  {statement}" for statement in group.statements]
    return "\n".join(lines)


class Names:
    """Names of permutations, in the order in which the table comes to them."""

    def __init__(self, derivation: Derivation) -> None:
        self.names: dict[Acting, str] = {}
        self.exchanges: list[Acting] = []
        self._derivation = derivation
        self._shapes = {tensor.name: tensor.shape for tensor in derivation.template.tensors}
        self._starts = [group.start for group in derivation.template.node_groups]
        self._known: dict[object, Acting] = {}
        self._chains: dict[int, Chain] = {}
        self._walk(derivation.tree, derivation.lift.root, (), (), 1, {})
        quotient = derivation.quotient
        self._at: dict[int, Chain] = {}
        for vertex, chain in self._chains.items():
            base = int(quotient.base[vertex])
            strides = dict(quotient.cells.get(base, ()))
            number = base + sum(strides[digit] * x for digit, x in quotient.bound[vertex])
            self._at[number] = chain

    def _walk(
        self, tree: Tree, part: Part, key: object, outer: Chain, copies: int, at: dict[int, int]
    ) -> None:
        """Say of each kept node which runs it is in, and where in them, outermost first."""
        if len(tree.ways) == 1:
            tree = tree.ways[0]
        if tree.ways:
            acting = self._known.setdefault((key, "ways"), Acting(len(part.ways), copies, True))
            for place, vertex in enumerate(tree.nodes.tolist()):
                self._chains[vertex] = (*outer, (acting, place))
            return
        grouped = self._derivation.lift.grouped(tree, at)
        for place, ((runs, _, own), alike) in enumerate(zip(grouped, part.runs, strict=True)):
            over = copies * alike.times
            acting = self._known.setdefault((key, place), Acting(alike.size, over))
            for run in runs:
                self._items(run, alike, (key, place), outer, acting, at | own)
        for vertex, _, places in tree.derived:
            told = [self._chains.get(int(tree.nodes[p]), ()) for p in places]
            self._chains[vertex] = tuple(dict.fromkeys(link for chain in told for link in chain))

    def _items(
        self,
        run: Items,
        alike: Alike,
        key: object,
        outer: Chain,
        acting: Acting,
        at: dict[int, int],
    ) -> None:
        if isinstance(run, Leaves):
            for place, vertex in enumerate(run.nodes.tolist()):
                self._chains[vertex] = (*outer, (acting, place))
            return
        branches = len({self._groups(tree) for tree in run}) > 1
        if branches and not alike.idle and acting not in self.exchanges:
            self.exchanges.append(acting)
        for number, orbit in enumerate(alike.orbits):
            within = at | dict.fromkeys(orbit.digits, 0)
            inner: object = (key, number) if branches else key
            copies = acting.copies * (orbit.size if branches else alike.size)
            for place in orbit.members:
                chain = outer if branches else (*outer, (acting, place))
                if orbit.part is not None:
                    self._walk(run[place], orbit.part, inner, chain, copies, within)

    def _groups(self, tree: Tree) -> tuple[int, ...]:
        """List the node groups that a part has nodes of."""
        bases = self._derivation.quotient.base[tree.known]
        bases = bases[bases < self._derivation.template.num_nodes]
        return tuple(np.unique(np.searchsorted(self._starts, bases, side="right")).tolist())

    def tensor(self, block: EdgeBlock) -> str:
        """Name a block's tensor, or the part of it that the block has."""
        if block.tensor_strides is None:
            return str(block.tensor)
        ranges = (f"{first}:{first + size}" for first, size in self._part(block))
        return f"{block.tensor}[{', '.join(ranges)}]"

    def _part(self, block: EdgeBlock) -> list[tuple[int, int]]:
        """Give where a block's part of its tensor begins along each axis, and its size there."""
        shape, start = self._shapes[str(block.tensor)], block.tensor_start
        if block.tensor_strides is None:
            return [(0, size) for size in shape]
        steps = zip(block.shape, block.tensor_strides, strict=True)
        last = start + sum((size - 1) * stride for size, stride in steps)
        ends = zip(np.unravel_index(start, shape), np.unravel_index(last, shape), strict=True)
        return [(int(first), int(end - first + 1)) for first, end in ends]

    def words(self, cut: Cut, kept: list[Kept]) -> Iterator[str]:
        """Say for each axis of a block's tensor what permutes it."""
        coordinate = 0
        for _, size in self._part(cut.block):
            first, count = coordinate, 1
            while count < size:
                count *= cut.block.shape[coordinate]
                coordinate += 1
            yield self._axis(cut, kept, range(first, coordinate))

    def _axis(self, cut: Cut, kept: list[Kept], axes: range) -> str:
        """Say what permutes the nodes along some axes of a block, stretch by stretch."""
        block = cut.block
        strides, start = block.target_strides, block.target_start
        if not any(strides[k] for k in axes):
            strides, start = block.source_strides, block.source_start
        first = start + sum(s * int(kept[k][0][0]) for k, s in enumerate(strides) if k not in axes)
        nodes = np.array([first])
        for k in axes:
            nodes = (nodes[:, None] + strides[k] * kept[k][0]).reshape(-1)
        chains = [self._at.get(node, ()) for node in nodes.tolist()]
        places: dict[Acting, set[int]] = {}
        for acting, place in (link for chain in chains for link in chain):
            places.setdefault(acting, set()).add(place)
        acts = [tuple(a for a, _ in chain if len(places[a]) > 1) for chain in chains]
        stretches = [found for found, _ in groupby(acts)]
        if not any(stretches):
            return "."
        return " + ".join(" x ".join(map(self._word, found)) or "." for found in stretches)

    def _word(self, acting: Acting) -> str:
        return self.names.setdefault(acting, f"P{len(self.names)}")
