"""Columns and lanes: which boxes of a unit stand beside and below one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Cell = tuple[int, int]
"""A column and a lane."""


@dataclass(frozen=True)
class Layout:
    """The cell of each group of a unit."""

    cells: dict[int, Cell]

    @property
    def columns(self) -> int:
        """The number of columns."""
        return 1 + max(column for column, _ in self.cells.values())


def arrange(groups: Sequence[int], edges: Iterable[tuple[int, int]]) -> Layout:
    """Give each group its column, by the longest path, and a lane of its own in that column.

    A group stands in the lane of what leads to it if that is free, else in the next one below.
    """
    before: dict[int, list[int]] = {group: [] for group in groups}
    outside: set[int] = set()
    for source, target in sorted(set(edges)):
        if target not in before or source == target:
            continue
        if source in before:
            before[target].append(source)
        else:
            outside.add(target)
    column = longest_paths(before)
    slide(column, before, outside)
    cells: dict[int, Cell] = {}
    taken: set[Cell] = set()
    for group in sorted(groups, key=lambda group: (column[group], group)):
        wanted = [cells[b][1] for b in before[group] if column[b] < column[group]]
        lane = min(wanted, default=0)
        while (column[group], lane) in taken:
            lane += 1
        cells[group] = (column[group], lane)
        taken.add(cells[group])
    return Layout(cells)


def longest_paths(before: dict[int, list[int]]) -> dict[int, int]:
    """Give each group the length of the longest path to it.

    Where all that is left lies on cycles, the first of them goes ahead: what leads back to it from
    later ones does not count.
    """
    after = turned(before)
    waiting = {group: len(sources) for group, sources in before.items()}
    column: dict[int, int] = {}
    ready = [group for group, count in waiting.items() if count == 0]
    while waiting:
        group = ready.pop() if ready else min(waiting)
        del waiting[group]
        column[group] = 1 + max((column[b] for b in before[group] if b in column), default=-1)
        for target in after[group]:
            if target in waiting:
                waiting[target] -= 1
                if waiting[target] == 0:
                    ready.append(target)
    return column


def slide(column: dict[int, int], before: dict[int, list[int]], outside: set[int]) -> None:
    """Move what nothing leads to but from later columns, such as states, to what it leads to.

    What is led to from `outside` stays.
    """
    after = turned(before)
    for group in sorted(before):
        if group in outside or any(column[b] < column[group] for b in before[group]):
            continue
        later = [column[target] for target in after[group] if column[target] > column[group]]
        if later:
            column[group] = min(later) - 1


def turned(before: dict[int, list[int]]) -> dict[int, list[int]]:
    """Turn lists of what leads to each group into lists of what each leads to."""
    after: dict[int, list[int]] = {group: [] for group in before}
    for target, sources in before.items():
        for source in sources:
            after[source].append(target)
    return after
