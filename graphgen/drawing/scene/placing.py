"""Coordinates: of columns, rows and tracks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field

from graphgen.drawing.scene.boxes import Stack
from graphgen.drawing.scene.parts import Point
from graphgen.drawing.scene.sheet import APART, GAP, Sheet
from graphgen.drawing.scene.tracks import PITCH, Channel
from graphgen.drawing.scene.wires import TRUNK, Route, Turn, Upright

MARGIN = 12.0
CAPTION = 9.0
"""The height of a caption above a box."""
BETWEEN = 4.0
"""Between two lanes of a line, without tracks."""


@dataclass
class Placing:
    """Places a sheet: first across, then down, as the tracks of one need the other's places."""

    sheet: Sheet
    routes: list[Route]
    stretch: float
    captioned: frozenset[int]
    left: dict[tuple[int, int], float] = field(default_factory=dict)
    top: list[float] = field(default_factory=list)
    tall: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spread = entries(self.routes, self.sheet.blueprint.stacks)
        self.upright = self._upright_tracks()
        self._across()
        self.level = self._level_tracks()
        self._down()

    # Across.

    def _upright_tracks(self) -> dict[Upright, Channel]:
        """Give tracks in upright channels; rows have odd places, the channels above them even."""
        channels: dict[Upright, Channel] = defaultdict(Channel)
        for route in self.routes:
            source = self.sheet.spots[route.link.source]
            at = 2 * self.sheet.row(source) + 1
            for i, turn in enumerate(route.turns):
                if turn.upright is None:
                    at = 2 * turn.row
                    continue
                if i + 1 < len(route.turns):
                    to = 2 * route.turns[i + 1].row
                else:
                    to = 2 * self.sheet.row(self.sheet.spots[route.link.target]) + 1
                channels[turn.upright].add(self._net(route, turn), at, to)
        for channel in channels.values():
            channel.assign()
        return channels

    def _net(self, route: Route, turn: Turn) -> Hashable:
        """Wires from one source share a track, but not where they come to different boxes."""
        if turn.upright is not None and turn.upright != TRUNK and turn.upright[2] == 1:
            return (*route.net, route.link.target)  # type: ignore[misc]
        return route.net

    def _gap(self, line: int, gap: int, zone: int) -> float:
        channel = self.upright.get((line, gap, zone))
        return 0.0 if channel is None else channel.size

    def _across(self) -> None:
        """Give each column its left edge: gaps are shared by lines with units of one family."""
        sheet, blueprint = self.sheet, self.sheet.blueprint
        room: dict[Hashable, list[float]] = defaultdict(lambda: [0.0, 0.0])
        keys: dict[tuple[int, int], Hashable] = {}
        for i, line in enumerate(sheet.lines):
            for segment in line.segments:
                for column in range(segment.start, segment.start + segment.count):
                    local = segment.first + column - segment.start
                    key: Hashable = (blueprint.family[segment.unit], local)
                    if column == 0:
                        key = "first"
                    keys[i, column] = key
                    for zone in (0, 1):
                        room[key][zone] = max(room[key][zone], self._gap(i, column, zone))
        self.zones: dict[tuple[int, int], tuple[float, float]] = {}
        self.width = 0.0
        for i, line in enumerate(sheet.lines):
            x = MARGIN
            for column in range(line.columns):
                leaving, entering = room[keys[i, column]]
                if column and sheet.segment(i, column).start == column:
                    x += self._missing(i, column - 1, room)
                self.zones[i, column] = (x + PITCH, x + PITCH + leaving)
                label = sheet.label(i, column)
                if label:
                    self.zones[i, column] = (x + PITCH, x + PITCH + leaving + label)
                x += label + leaving + entering + GAP
                self.left[i, column] = x
                x += sheet.column_width(i, column)
            self.zones[i, line.columns] = (x + PITCH, x + PITCH)
            x += GAP + self._gap(i, line.columns, 0)
            self.width = max(self.width, x)
        self.trunk = self.width
        if TRUNK in self.upright:
            self.width += self.upright[TRUNK].size + PITCH
        self.width += MARGIN

    def _missing(self, line: int, column: int, room: dict[Hashable, list[float]]) -> float:
        """Give the width of the columns that others of its family have after a unit's last."""
        sheet, blueprint = self.sheet, self.sheet.blueprint
        segment = sheet.segment(line, column)
        family = blueprint.family[segment.unit]
        if blueprint.family.count(family) == 1:
            return 0.0
        beyond = [
            local
            for key, local in blueprint.widths
            if key == family and local >= segment.first + segment.count
        ]
        return sum(blueprint.widths[family, k] + GAP + sum(room[family, k]) for k in beyond)

    def x(self, route: Route, turn: Turn) -> float:
        """The place across of an upright turn."""
        assert turn.upright is not None
        track = self.upright[turn.upright].tracks[self._net(route, turn)]
        line, gap, zone = turn.upright
        if turn.upright == TRUNK:
            return self.trunk + PITCH * track
        return self.zones[line, gap][zone] + PITCH * track

    # Down.

    def ends(self, route: Route) -> tuple[float, float]:
        """The right edge of the source's neurons, and where the wire comes to its box, across."""
        sheet = self.sheet
        stacks = sheet.blueprint.stacks
        a, b = sheet.spots[route.link.source], sheet.spots[route.link.target]
        right = self.left[a.line, a.column] + stacks[route.link.source].width
        stack = stacks[route.link.target]
        place = stack.place(route.link)
        edge = self.left[b.line, b.column] + stack.offset(place)
        if route.top:
            edge += stack.parts[place].width * self.spread[route.link.block]
        return right, edge

    def _level_tracks(self) -> list[Channel]:
        channels = [Channel() for _ in range(self.sheet.first_rows[-1] + 1)]
        for route in self.routes:
            start, end = self.ends(route)
            across = [start, *(self.x(route, t) for t in route.turns if t.upright), end]
            passed = 0
            for turn in route.turns:
                if turn.upright is None:
                    channels[turn.row].add(route.net, across[passed], across[passed + 1])
                else:
                    passed += 1
        for channel in channels:
            channel.assign(apart=PITCH)
        return channels

    def _down(self) -> None:
        sheet = self.sheet
        rows = sheet.first_rows[-1]
        self.tall = [0.0] * rows
        self.captions = [0.0] * rows
        for group, spot in sheet.spots.items():
            row = sheet.row(spot)
            self.tall[row] = max(self.tall[row], self.box_height(group))
            if group in self.captioned:
                self.captions[row] = CAPTION
        starts = set(sheet.first_rows)
        self.tracks_at = []
        y = MARGIN
        for row in range(rows + 1):
            first = row in starts
            self.tracks_at.append(y + PITCH / 2 if first else y)
            room = APART if first else BETWEEN
            if row == 0 and not self.level[row].tracks:
                room = 0.0
            y += self.level[row].size + room
            if row < rows:
                y += self.captions[row]
                self.top.append(y)
                y += self.tall[row]
        self.height = y + MARGIN - APART

    def box_height(self, group: int) -> float:
        """The height of the boxes of a group."""
        return max(self.sheet.blueprint.stacks[group].height * self.stretch, 8.0)

    def middle(self, group: int) -> float:
        """The height at which the middle of a group's boxes lies."""
        row = self.sheet.row(self.sheet.spots[group])
        return self.top[row] + self.tall[row] / 2

    def points(self, route: Route) -> tuple[Point, ...]:
        """The points of a wire."""
        start, end = self.ends(route)
        source, target = route.link.source, route.link.target
        x, y = start, self.middle(source)
        result = [(x, y)]
        for turn in route.turns:
            if turn.upright is not None:
                x = self.x(route, turn)
            else:
                y = self.tracks_at[turn.row] + PITCH * self.level[turn.row].tracks[route.net]
            result.append((x, y))
        half = self.box_height(target) / 2
        if route.top:
            result += [(end, y), (end, self.middle(target) - half)]
        else:
            to = self.middle(target)
            if route.turns:
                to += half * (2 * self.spread[route.link.block] - 1)
            result += [(x, to), (end, to)]
        return simplified(result)


def entries(routes: list[Route], stacks: dict[int, Stack]) -> dict[int, float]:
    """Spread the nets that come to one side of one box: block -> share of the side's length."""
    sides: dict[tuple[int, int, bool], dict[Hashable, list[int]]] = defaultdict(dict)
    for route in routes:
        if route.turns:
            link = route.link
            side = link.target, stacks[link.target].place(link), route.top
            sides[side].setdefault(route.net, []).append(link.block)
    return {
        block: (i + 1) / (len(nets) + 1)
        for nets in sides.values()
        for i, blocks in enumerate(nets.values())
        for block in blocks
    }


def simplified(points: list[Point]) -> tuple[Point, ...]:
    """Leave out points between which nothing turns."""
    result: list[Point] = []
    for x, y in points:
        # Places that were computed in two ways differ in the last digit.
        point = round(x, 9), round(y, 9)
        if result and point == result[-1]:
            continue
        if len(result) > 1:
            (x0, y0), (x1, y1) = result[-2:]
            if (x0 == x1 == point[0]) or (y0 == y1 == point[1]):
                result.pop()
        result.append(point)
    return tuple(result)
