"""Items: tensors over the neurons of some layers, and how they lie beside their averages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor


@dataclass(frozen=True)
class Item:
    """A tensor that a layer transforms: `axes` are the layers whose neurons it has, in order."""

    name: str
    axes: tuple[int, ...]
    width: int


@dataclass(frozen=True)
class States:
    """All items of some networks, with their averages.

    `grids` are the items of two axes, (networks, n, m, width). A line (networks, n, widths) has for
    each of an axis' neurons the items of that axis alone, and the averages onto it of those of two.
    `whole` (networks, widths) has the items without axes, and the averages of all others.
    """

    grids: tuple[Tensor, ...]
    lines: tuple[Tensor, ...]
    whole: Tensor


class Line:
    """Where items lie in the line of an axis: those of it alone, then grids by rows, by columns.

    `led` is the width of the first two, whose averages `in_whole` lie side by side too.
    """

    def __init__(self, axis: int, items: Sequence[Item], start: int) -> None:
        self.axis = axis
        self.alone = tuple(item for item in items if item.axes == (axis,))
        rows = tuple(i for i in items if len(i.axes) == 2 and i.axes[0] == axis)
        columns = tuple(i for i in items if len(i.axes) == 2 and i.axes[1] == axis)
        self.leads = self.alone + rows
        self.items = self.leads + columns
        self.places = places(self.items)
        self.own, self.led, self.width = (
            sum(item.width for item in some) for some in (self.alone, self.leads, self.items)
        )
        self.in_whole = slice(start, start + self.led)


class Layout:
    """Where each of a list of items lies in `States`."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = tuple(items)
        self.grids = tuple(item for item in items if len(item.axes) == 2)
        lines: list[Line] = []
        start = 0
        for axis in sorted({axis for item in items for axis in item.axes}):
            lines.append(Line(axis, items, start))
            start += lines[-1].led
        self.lines = tuple(lines)
        self.alone = tuple(item for item in items if not item.axes)
        self.places = places([*(i for line in lines for i in line.leads), *self.alone])
        self.width = sum(item.width for item in items)
        self.number = {line.axis: number for number, line in enumerate(lines)}

    def at_ends(self, grid: Item, lines: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """View a grid's parts of the lines of its rows and of its columns."""
        first, second = (self.number[axis] for axis in grid.axes)
        return (
            lines[first][..., self.lines[first].places[grid.name]],
            lines[second][..., self.lines[second].places[grid.name]],
        )

    def gather(self, states: Mapping[str, Tensor]) -> States:
        """Put items (networks, *neurons, width) together with their averages."""
        lines, means = [], []
        for line in self.lines:
            rows = [
                states[i.name].mean(2 - i.axes.index(line.axis))
                if len(i.axes) == 2
                else states[i.name]
                for i in line.items
            ]
            lines.append(torch.cat(rows, dim=-1))
            means.append(lines[-1][..., : line.led].mean(1))
        grids = tuple(states[item.name].contiguous() for item in self.grids)
        whole = torch.cat([*means, *(states[item.name] for item in self.alone)], dim=-1)
        return States(grids, tuple(lines), whole)

    def scatter(self, states: States) -> dict[str, Tensor]:
        """Give the items, (networks, *neurons, width)."""
        grids = dict(zip((item.name for item in self.grids), states.grids, strict=True))
        result = {}
        for item in self.items:
            if len(item.axes) == 2:
                result[item.name] = grids[item.name]
            elif item.axes:
                number = self.number[item.axes[0]]
                result[item.name] = states.lines[number][..., self.lines[number].places[item.name]]
            else:
                result[item.name] = states.whole[..., self.places[item.name]]
        return result


def places(items: Sequence[Item]) -> dict[str, slice]:
    """Say where items lie that stand side by side."""
    stops = accumulate(item.width for item in items)
    return {i.name: slice(s - i.width, s) for i, s in zip(items, stops, strict=True)}
