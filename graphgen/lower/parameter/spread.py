"""Conversions between neurons and positions, over parameter-free edges that carry coordinates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import prod

from graphgen.lower.parameter.layout import (
    Axis,
    Digit,
    Layout,
    born,
    row_major,
    simplified,
)
from graphgen.lower.parameter.state import Lowering, Row
from graphgen.template import Attributes
from spec import Operation

NEURONS = "neurons"
POSITIONS = "positions"


def spread(
    state: Lowering,
    operation: Operation,
    layout: Layout,
    want: Mapping[int, str],
    single: Collection[int] = (),
) -> Layout:
    """Let the items of some axes be neurons, or positions, of one group.

    Neurons that become positions are told apart by coordinates at their source, positions that
    become neurons at their target. Axes that are not named stay as they are; neurons of several
    groups become pairs. `single` names axes whose neurons shall be one digit.
    """
    if not layout.carried and all(
        (digit.group is None) == (kind == POSITIONS) and (axis not in single or not place)
        for axis, kind in want.items()
        for place, digit in enumerate(layout.axes[axis])
    ):
        return layout
    return _Conversion(state, operation, layout, want).result()


def settled(state: Lowering, operation: Operation, layout: Layout) -> Layout:
    """Give a layout all of whose neurons lie in one group: a node for each pair of neurons."""
    return spread(state, operation, layout, {})


class _Conversion:
    """What happens to each digit of a layout: `stays` says whether it holds neurons afterwards."""

    def __init__(
        self, state: Lowering, operation: Operation, layout: Layout, want: Mapping[int, str]
    ) -> None:
        self.state, self.operation, self.layout = state, operation, layout
        self.stays = {
            (axis, place): want.get(axis, NEURONS if digit.group is not None else POSITIONS)
            == NEURONS
            for axis, digits in enumerate(layout.axes)
            for place, digit in enumerate(digits)
        }
        self.items = [
            (digit, self.stays[axis, place])
            for axis, digits in enumerate(layout.axes)
            for place, digit in enumerate(digits)
        ]
        sizes = [digit.size for digit, stays in self.items if stays]
        self.target = state.group(operation.output, "neuron", prod(sizes))
        self.goals = iter(row_major(sizes))
        self.ends = [next(self.goals) if stays else 0 for _, stays in self.items]

    def result(self) -> Layout:
        """Add the edges, and give the layout behind them."""
        layout = self.layout
        groups: list[int] = list(
            dict.fromkeys([layout.group, *(d.group for d in layout.carried if d.group is not None)])
        )
        moved = any(stays and digit.group is None for digit, stays in self.items)
        direct = [
            group
            for group in groups
            if any(stays and digit.group == group for digit, stays in self.items)
            or (group == layout.group and moved)
        ] or groups[:1]
        for group in groups:
            start = layout.start if group == layout.group else 0
            if group in direct:
                self._directly(group, start, first=group == direct[0])
            else:
                self._through_hub(group, start)
        return self._layout()

    def _directly(self, group: int, start: int, first: bool) -> None:
        rows: list[Row] = []
        for (digit, stays), end in zip(self.items, self.ends, strict=True):
            if digit.group == group:
                rows.append((digit.size, "unit" if stays else "place", digit.stride, end))
            elif stays:
                told = first and digit.group is None
                rows.append((digit.size, "place" if told else "unit", 0, end))
        told = any(role == "place" for _, role, _, _ in rows)
        kind = ("spread" if told else "identity") if first else "hub"
        record = self.record() if first else ()
        ends = (group, start), (self.target, 0)
        self.state.connect(self.operation, kind, rows, *ends, attributes=record)

    def _through_hub(self, group: int, start: int) -> None:
        """Let all neurons of a group become positions, behind one node."""
        hub = self.state.group(f"{self.operation.output}.hub", "hub", 1)
        rows: list[Row] = [
            (digit.size, "place", digit.stride, 0)
            for digit, _ in self.items
            if digit.group == group
        ]
        self.state.connect(self.operation, "place", rows, (group, start), (hub, 0))
        follow: list[Row] = [
            (digit.size, "unit", 0, end)
            for (digit, stays), end in zip(self.items, self.ends, strict=True)
            if stays
        ]
        self.state.connect(self.operation, "hub", follow, (hub, 0), (self.target, 0))

    def record(self) -> Attributes:
        """Say which positions become neurons, and where neurons come to lie among positions."""
        moved = [d for d, stays in self.items if stays and d.group is None]
        added = [d for d, stays in self.items if not stays and d.group is not None]
        rest = [d for d, stays in self.items if not stays and d.group is None]
        if not added or not (rest or len({d.group for d in added}) > 1):
            return self.layout.part(moved)
        words = {d.group: "carried" for d in added} | {self.layout.group: "own"}
        rows = tuple(
            tuple(
                (
                    digit.stride if digit.group is None else words.get(digit.group, "carried"),
                    digit.size,
                )
                for place, digit in enumerate(axis)
                if digit.group is None or not self.stays[number, place]
            )
            for number, axis in enumerate(self.layout.axes)
        )
        return (("positions", tuple(row for row in rows if row)),)

    def _layout(self) -> Layout:
        layout, ends = self.layout, iter(self.ends)
        axes: list[Axis] = []
        for number, axis in enumerate(layout.axes):
            placed = []
            for place, digit in enumerate(axis):
                end = next(ends)
                if self.stays[number, place]:
                    placed.append(Digit(digit.size, self.target, end))
                else:
                    placed.append(digit if digit.group is None else Digit(digit.size))
            axes.append(simplified(tuple(placed)))
        if any(d.group is not None and not stays for d, stays in self.items):
            return born(axes, self.target)
        moved = [d for d, stays in self.items if stays and d.group is None]
        left = layout.without(moved)
        follow = iter(d for d in left.digits if d.group is None)
        kept = tuple(tuple(next(follow) if d.group is None else d for d in a) for a in axes)
        return Layout(kept, self.target, space=left.space)


def reborn(state: Lowering, operation: Operation, layout: Layout) -> Layout:
    """Number the positions of a value anew, as they lie, behind an edge that records it."""
    copied = state.copy(operation, layout, layout.record())
    return born(copied.axes, copied.group)
