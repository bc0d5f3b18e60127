"""The table of a group: which permutation acts on which axis of which parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING

from graphgen.symmetry.big_numbers import product_in_words
from graphgen.symmetry.factors import Factor
from graphgen.symmetry.segments import Runs
from graphgen.template import EdgeBlock

if TYPE_CHECKING:
    from graphgen.symmetry.group import Symmetries


def write(group: Symmetries) -> str:
    """Print a group: its order, its permutations, and a row for each parameter.

    An order of more than sixty digits is given as a power of ten.

    `P0` is a permutation of all items along an axis; `P1 x P2` permutes the runs of an axis by P1
    and the items of each run by P2; `P3 + P4` acts on the two parts of an axis. A dot is an axis
    that stays.
    """
    names = Names({tensor.name: tensor.shape for tensor in group.template.tensors})
    rows = [
        (block.tensor, " | ".join(axis_words(group, block, names)))
        for block in group.template.blocks
        if block.tensor is not None and not block.tied
    ]
    width = max((len(name) for name, _ in rows), default=0)
    factorials, exchanges = group.factorials(), group.exchanges()
    lines = [f"{product_in_words(factorials, exchanges)} permutations"]
    if group.turning:
        both = product_in_words(factorials, [*exchanges, *group.turning])
        lines[0] += f", {both} with turns of channels, outside of the graph"
    runs = {id(part): prod(sizes) for part, sizes in group.factors}
    for key, name in names.names.items():
        part = names.parts[key]
        copies = runs[key]
        stay = f" behind {part.held} that stay" if part.held else ""
        count = f", for each of {copies} runs" if copies > 1 else ""
        lines.append(f"  {name}: of {part.movable}{stay}{count}")
    if exchanges:
        lines.append(f"  exchanges of branches: {product_in_words([], exchanges)}")
    lines += [f"  {name.ljust(width)}  {words}" for name, words in rows]
    return "\n".join(lines)


class Names:
    """Names of permutations, in the order in which the table comes to them."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.shapes = shapes
        self.names: dict[int, str] = {}
        self.parts: dict[int, Factor] = {}

    def word(self, part: Factor) -> str:
        """Name the permutation of a factor; a dot if it stays."""
        if part.movable < 2:
            return "."
        self.parts[id(part)] = part
        return self.names.setdefault(id(part), f"P{len(self.names)}")


def axis_words(group: Symmetries, block: EdgeBlock, names: Names) -> Iterator[str]:
    """Say for each axis of a block's tensor what permutes it."""
    shape = names.shapes[str(block.tensor)]
    coordinates = iter(range(len(block.shape)))
    for size in shape:
        words: list[str] = []
        count = 1
        while count < size:
            coordinate = next(coordinates)
            count *= block.shape[coordinate]
            source, target = group.derivation.runs(block, coordinate)
            if block.shape[coordinate] > 1:
                words.append(run_word(target or source, names))
        yield nested(words)


def run_word(runs: Runs, names: Names) -> str:
    """Say what permutes the items that a coordinate runs over, segment by segment."""
    found = [nested([names.word(part) for f in run for part in f.parts()]) for run in runs]
    if not found or all(word == "." for word in found):
        return "."
    return " + ".join(found)


def nested(words: list[str]) -> str:
    """Join the permutations of nested factors, outermost first."""
    if all(word == "." for word in words):
        return "."
    return " x ".join(words)
