"""The sheet: units on lines, like words, and the column and lane of each group on its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from graphgen.drawing.scene.boxes import Stack
from graphgen.drawing.scene.columns import Layout

GAP = 14.0
"""Between two columns, without tracks for wires."""
APART = 10.0
"""Between two lines, without tracks for wires."""
BESIDE = 60.0
"""How far what stands beside a unit may reach beyond the width of a line."""


@dataclass(frozen=True)
class Segment:
    """Columns of one unit on a line: its local columns from `first` on, at `start` of the line."""

    unit: int
    first: int
    count: int
    start: int


@dataclass(frozen=True)
class Line:
    """Segments side by side."""

    segments: tuple[Segment, ...]
    lanes: int

    @property
    def columns(self) -> int:
        """The number of columns on the line."""
        return sum(segment.count for segment in self.segments)


@dataclass(frozen=True)
class Spot:
    """Where a group stands: line, column of the line, lane."""

    line: int
    column: int
    lane: int


@dataclass(frozen=True)
class Blueprint:
    """The units with their columns, before they are set on lines.

    `family` joins those alike, `within` says in which module each lies, `label` is the room for
    the titles of those that have one, and those `beside` go on the line of the unit before them.
    """

    stacks: dict[int, Stack]
    layouts: tuple[Layout, ...]
    family: tuple[int, ...]
    within: tuple[str, ...]
    titled: tuple[bool, ...]
    beside: tuple[bool, ...]
    label: float

    @cached_property
    def widths(self) -> dict[tuple[int, int], float]:
        """The width of each column of each family."""
        result: dict[tuple[int, int], float] = {}
        for unit, layout in enumerate(self.layouts):
            for group, (column, _) in layout.cells.items():
                key = self.family[unit], column
                result[key] = max(result.get(key, 0.0), self.stacks[group].width)
        return result

    def width(self, unit: int, column: int) -> float:
        """The width of a column of a unit, which all units of its family share."""
        return self.widths[self.family[unit], column]


@dataclass(frozen=True)
class Sheet:
    """Lines, and the spot of each group."""

    blueprint: Blueprint
    lines: tuple[Line, ...]
    spots: dict[int, Spot]

    @cached_property
    def first_rows(self) -> tuple[int, ...]:
        """The first row (a lane of a line) of each line, and the number of all rows."""
        result = [0]
        for line in self.lines:
            result.append(result[-1] + line.lanes)
        return tuple(result)

    def row(self, spot: Spot) -> int:
        """The row of a spot, counted over all lines."""
        return self.first_rows[spot.line] + spot.lane

    def column_width(self, line: int, column: int) -> float:
        """The width of a column of a line."""
        segment = self.segment(line, column)
        return self.blueprint.width(segment.unit, segment.first + column - segment.start)

    def segment(self, line: int, column: int) -> Segment:
        """The segment that a column of a line lies in."""
        return next(s for s in self.lines[line].segments if s.start <= column < s.start + s.count)

    def label(self, line: int, column: int) -> float:
        """The room for a title left of a column: left of the first of a line, and of a unit's."""
        segment = self.segment(line, column)
        titled = column == segment.start and self.blueprint.titled[segment.unit]
        return self.blueprint.label if column == 0 or titled else 0.0

    def estimate(self) -> tuple[float, float, float]:
        """Estimate without wires the width, the height of all boxes, and that of all else."""
        width = 0.0
        tall: dict[int, float] = {}
        for group, spot in self.spots.items():
            row = self.row(spot)
            tall[row] = max(tall.get(row, 0.0), self.blueprint.stacks[group].height)
        for i, line in enumerate(self.lines):
            columns = range(line.columns)
            room = sum(self.column_width(i, k) + GAP + self.label(i, k) for k in columns)
            width = max(width, room)
        return width, sum(tall.values()), 22.0 * len(self.lines) + 4 * len(tall)


def set_on_lines(blueprint: Blueprint, most: float, flow: bool) -> Sheet:
    """Set the units on lines of at most this width: one a line, or as many as fit.

    A unit that is wider goes on on the next line.
    """
    lines: list[list[Segment]] = []
    used, broken = 0.0, False
    for unit, layout in enumerate(blueprint.layouts):
        runs = wrapped(blueprint, unit, layout.columns, most - blueprint.label)
        for first, count in runs:
            columns = range(first, first + count)
            width = sum(blueprint.width(unit, column) + GAP for column in columns)
            # What is broken has its lines for itself, so that frames do not overlap.
            alone = not lines or broken or len(runs) > 1
            follows = blueprint.within[unit] == blueprint.within[unit - 1]
            on = not alone and ((flow and follows) or blueprint.beside[unit])
            if not on or used + width > most + (BESIDE if blueprint.beside[unit] else 0):
                lines.append([])
                used = 0.0
            if not lines[-1] or blueprint.titled[unit]:
                width += blueprint.label
            start = sum(segment.count for segment in lines[-1])
            lines[-1].append(Segment(unit, first, count, start))
            used += width
            broken = len(runs) > 1
    return numbered(blueprint, lines)


def wrapped(
    blueprint: Blueprint, unit: int, columns: int, most: float
) -> Sequence[tuple[int, int]]:
    """Break the columns of a unit into runs of at most this width: (first, count)."""
    result = []
    first, used = 0, 0.0
    for column in range(columns):
        width = blueprint.width(unit, column) + GAP
        if column > first and used + width > most:
            result.append((first, column - first))
            first, used = column, 0.0
        used += width
    return [*result, (first, columns - first)]


def numbered(blueprint: Blueprint, lines: list[list[Segment]]) -> Sheet:
    """Number the lanes that each line uses, without those that are empty."""
    spots: dict[int, Spot] = {}
    result = []
    for i, segments in enumerate(lines):
        lanes = 1
        for segment in segments:
            inside = {
                group: (column, lane)
                for group, (column, lane) in blueprint.layouts[segment.unit].cells.items()
                if segment.first <= column < segment.first + segment.count
            }
            used = sorted({lane for _, lane in inside.values()})
            for group, (column, lane) in inside.items():
                place = segment.start + column - segment.first
                spots[group] = Spot(i, place, used.index(lane))
            lanes = max(lanes, len(used))
        result.append(Line(tuple(segments), lanes))
    return Sheet(blueprint, tuple(result), spots)
