"""Routes: through which channels each wire runs, from the neurons to a box.

Upright channels are the gaps between columns of a line, in two zones: wires that leave the boxes
on the left lie left of those that enter the boxes on the right; and the trunk, right of all lines.
Level channels lie above each row of boxes.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from graphgen.drawing.scene.boxes import Link
from graphgen.drawing.scene.sheet import Sheet, Spot

Upright = tuple[int, int, int]
"""Line, gap (left of the column of that number), zone: 0 leaving, 1 entering."""
TRUNK: Upright = (-1, 0, 0)


@dataclass(frozen=True)
class Turn:
    """A piece of a route: along an upright channel, or along the level channel above a row."""

    upright: Upright | None = None
    row: int = -1


@dataclass(frozen=True)
class Route:
    """A wire: its turns by turns upright and level, and whether it ends on the top of its box."""

    link: Link
    net: Hashable
    turns: tuple[Turn, ...]
    top: bool


def routes(sheet: Sheet, links: tuple[Link, ...], from_above: frozenset[int]) -> list[Route]:
    """Route all links; those in `from_above` (blocks) end on the top of their box."""
    return [route(sheet, link, link.block in from_above) for link in links]


def route(sheet: Sheet, link: Link, top: bool) -> Route:
    """Route one link: straight on, through the gap, or through the channel above the target."""
    a, b = sheet.spots[link.source], sheet.spots[link.target]
    net = (link.source, link.free)
    leave = Turn(upright=(a.line, a.column + 1, 0))
    enter = Turn(upright=(b.line, b.column, 1))
    above = Turn(row=sheet.row(b))
    if a.line == b.line and a.column + 1 == b.column and not top:
        return Route(link, net, () if a.lane == b.lane else (leave,), top)
    return Route(link, net, (leave, *between(sheet, a, b, top, enter, above)), top)


def between(
    sheet: Sheet, a: Spot, b: Spot, top: bool, enter: Turn, above: Turn
) -> tuple[Turn, ...]:
    """Give the turns from the gap right of the source to the target."""
    if a.line == b.line:
        if top:
            return (above,)
        # Above the lower of the two, so that a wire to a lane below does not go around.
        return (Turn(row=max(sheet.row(a), sheet.row(b)) if a.lane != b.lane else above.row), enter)
    top_row = Turn(row=sheet.first_rows[b.line])
    if a.line + 1 == b.line:
        first: tuple[Turn, ...] = (top_row,)
    else:
        below = Turn(row=sheet.first_rows[a.line + 1])
        first = (below, Turn(upright=TRUNK), top_row)
    if not top:
        return (*first, enter)
    return first if above == top_row else (*first, enter, above)
