"""How a change of a tensor goes through operations, while it stays the same along some axis.

What shifts all logits of a softmax alike changes nothing behind it, nor does what shifts all
features before a layer norm.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphgen.units.axes import Axes, AxesOf
from graphgen.units.extents import Extent
from spec import Architecture
from spec.primitives import Elementwise, Normalise


class SeenError(Exception):
    """A change that something behind it sees."""


Along = frozenset[tuple[int, int]]
"""Factors of axes: axis, and which of its factors of more than one item."""


@dataclass(frozen=True)
class Change:
    """A change of a value, the same along some factors of its axes.

    `part` is the interval of an axis outside of which nothing changes: axis, first, last. Changes
    of one `source` are multiples of one another, by `times`.
    """

    alike: Along
    source: object
    times: float = 1.0
    part: tuple[int, int, int] | None = None

    def anew(self, alike: Along) -> Change:
        """Give another change, of the same part."""
        return Change(alike, object(), 1.0, self.part)


def factors(extent: Extent) -> list[Extent]:
    """List what an axis is a product of, without what has one item."""
    return [f.root for f in extent.factors if f.size > 1]


def whole(axis: int, extent: Extent) -> Along:
    """List all factors of an axis."""
    return frozenset((axis, k) for k in range(len(factors(extent))))


class Variation:
    """Follows the change of one tensor up to where nothing is left of it."""

    def __init__(self, net: Architecture, axes: AxesOf) -> None:
        self.net, self.axes = net, axes
        self.producers = {op.output: op for op in net.operations}
        self.readers: dict[str, list[int]] = {}
        for number, op in enumerate(net.operations):
            for name in dict.fromkeys(("value", n) for n in op.inputs):
                self.readers.setdefault(name[1], []).append(number)
            for tensor in dict.fromkeys(op.parameters):
                self.readers.setdefault(f"tensor {tensor}", []).append(number)

    def ends(self, tensor: str, change: Change) -> list[str]:
        """Give the layers that take a change of a tensor away; raise `SeenError` if any sees it."""
        from graphgen.families.variation_rules import RULES, seen

        changed: dict[str, Change] = {}
        found: list[str] = []
        waiting = set(self.readers.get(f"tensor {tensor}", ()))
        while waiting:
            number = min(waiting)
            waiting.remove(number)
            op = self.net.operations[number]
            given = {name: changed[name] for name in op.inputs if name in changed}
            own = {tensor: change} if tensor in op.parameters else {}
            result = RULES.get(type(op.primitive), seen)(self, op, given, own)
            if result is None:
                if isinstance(op.primitive, (Normalise, Elementwise)):
                    found.append(op.layer)
                continue
            if op.output in self.net.outputs:
                raise SeenError
            changed[op.output] = result
            waiting.update(self.readers.get(op.output, ()))
        return list(dict.fromkeys(found))

    def all(self, name: str) -> Along:
        """List all factors of the axes of a value."""
        return frozenset().union(*(whole(k, e) for k, e in enumerate(self.axes.values[name])))

    def covers(self, change: Change, name: str, axes: list[int]) -> bool:
        """Whether a value changes alike along some axes, and along more than one item."""
        extents: Axes = self.axes.values[name]
        wanted: Along = frozenset().union(*(whole(k, extents[k]) for k in axes))
        apart = change.part is not None and change.part[0] in axes
        return bool(wanted) and wanted <= change.alike and not apart
