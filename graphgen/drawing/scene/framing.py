"""Frames of modules: around what is theirs."""

from __future__ import annotations

from collections.abc import Sequence

from graphgen.drawing.scene.modules import Part, Unit
from graphgen.drawing.scene.parts import Box, Module
from graphgen.drawing.scene.placing import MARGIN, Placing

Frame = tuple[float, float, float, float]
PAD = 4.0


def frames(
    placing: Placing, units: Sequence[Unit], labels: Sequence[str], boxes: Sequence[Box]
) -> tuple[Module, ...]:
    """Make a module of each unit, in their order, then of the modules that hold several."""
    own: list[list[Box]] = [[] for _ in units]
    for box in boxes:
        own[box.module].append(box)
    holders = holders_of(units)
    numbers = {id(part): len(units) + i for i, part in enumerate(holders)}
    lines: dict[int, int] = {}
    for i, line in enumerate(placing.sheet.lines):
        for segment in line.segments:
            lines.setdefault(segment.unit, i)
    result = []
    for i, unit in enumerate(units):
        frame = frame_of(placing, i, own[i])
        above = number_of(unit.part.parent if unit.whole else unit.part, numbers)
        path = unit.part.path
        result.append(module(i, above, labels[i], path, frame, lines[i], own[i], unit.titled))
    for part in holders:
        inside = [result[i] for i in inside_of(part, units)]
        deep = 1 + max(_depth(other, part) for other in holders)
        frame = (
            min(m.x for m in inside) - PAD * deep / 2,
            min(m.y for m in inside) - PAD * deep / 2,
            max(m.x + m.w for m in inside) + PAD * deep / 2,
            max(m.y + m.h for m in inside) + PAD * deep / 2,
        )
        above = number_of(part.parent, numbers)
        label = part.path.rpartition(".")[2]
        first = min(m.line for m in inside)
        result.append(module(numbers[id(part)], above, label, part.path, frame, first, [], False))
    return tuple(result)


def frame_of(placing: Placing, unit: int, boxes: Sequence[Box]) -> Frame:
    """Give the frame of a unit: to the ends of the lines that it has for itself."""
    sheet = placing.sheet
    x0, x1 = min(box.x for box in boxes), max(box.x + box.w for box in boxes) + PAD
    y0, y1 = min(box.y for box in boxes), max(box.y + box.h for box in boxes)
    for i, line in enumerate(sheet.lines):
        for segment in line.segments:
            if segment.unit != unit:
                continue
            x0 = min(x0, placing.left[i, segment.start] - sheet.label(i, segment.start) - PAD)
            if segment.start == 0:
                x0 = MARGIN
            beside = sheet.blueprint.beside
            if all(beside[s.unit] for s in line.segments if s.start > segment.start):
                x1 = placing.trunk
            first, after = sheet.first_rows[i : i + 2]
            y0 = min(y0, placing.top[first] - placing.captions[first])
            y1 = max(y1, placing.top[after - 1] + placing.tall[after - 1])
    return x0, y0 - PAD, x1, y1 + PAD


def holders_of(units: Sequence[Unit]) -> list[Part]:
    """List the modules that hold at least two units, inner ones first."""
    found: dict[int, Part] = {}
    for unit in units:
        part = unit.part.parent if unit.whole else unit.part
        while part is not None and part.parent is not None:
            if len(inside_of(part, units)) > 1:
                found.setdefault(id(part), part)
            part = part.parent
    return sorted(found.values(), key=lambda part: -part.path.count("."))


def inside_of(part: Part, units: Sequence[Unit]) -> list[int]:
    """List the units that lie in a module."""
    return [i for i, unit in enumerate(units) if _depth(unit.part, part) >= 0]


def _depth(part: Part, outer: Part) -> int:
    """Count the modules from one out to another, -1 if it does not lie in it."""
    depth = 0
    at: Part | None = part
    while at is not None and at is not outer:
        at = at.parent
        depth += 1
    return depth if at is outer else -1


def number_of(part: Part | None, numbers: dict[int, int]) -> int | None:
    """Give the number of the nearest module around that has one."""
    while part is not None and id(part) not in numbers:
        part = part.parent
    return None if part is None else numbers[id(part)]


def module(
    number: int,
    parent: int | None,
    label: str,
    path: str,
    frame: Frame,
    line: int,
    boxes: Sequence[Box],
    titled: bool,
) -> Module:
    """Make a module of its frame."""
    x0, y0, x1, y1 = frame
    ids = tuple(box.id for box in boxes)
    return Module(number, parent, label, path, x0, y0, x1 - x0, y1 - y0, line, ids, titled)
