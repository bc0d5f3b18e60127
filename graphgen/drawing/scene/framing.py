"""Frames of modules: around what is theirs."""

from __future__ import annotations

from graphgen.drawing.scene.modules import Part, Unit
from graphgen.drawing.scene.parts import Box, Module
from graphgen.drawing.scene.placing import CAPTION, Placing
from graphgen.drawing.scene.sheet import GAP

Frame = tuple[float, float, float, float]
PAD = 4.0


def frames(
    placing: Placing, units: list[Unit], root: Part, labels: list[str], boxes: list[Box]
) -> tuple[Module, ...]:
    """Make a module of each unit, in their order, then of the modules that hold several."""
    sheet = placing.sheet
    own: list[list[Box]] = [[] for _ in units]
    for box in boxes:
        own[box.module].append(box)
    lines = {
        segment.unit: i
        for i, line in reversed(list(enumerate(sheet.lines)))
        for segment in line.segments
    }
    holders: list[Part] = []
    parents: list[Part | None] = []
    for unit in units:
        part: Part | None = unit.part.parent if unit.whole else unit.part
        while part is not None and part is not root and len(_inside(part, units)) < 2:
            part = part.parent
        parents.append(None if part is root else part)
        while part is not None and part is not root:
            if part not in holders:
                holders.append(part)
            part = part.parent
    holders = [part for part in holders if len(_inside(part, units)) > 1]
    numbers = {id(part): len(units) + i for i, part in enumerate(holders)}
    result = []
    for i, unit in enumerate(units):
        x0, y0, x1, y1 = _around(own[i])
        x0 -= placing.label + GAP
        frame = (
            x0,
            y0 - PAD - (CAPTION if any(b.caption for b in own[i]) else 0),
            x1 + PAD,
            y1 + PAD,
        )
        parent = parents[i]
        number = None if parent is None else numbers[id(parent)]
        result.append(_module(i, number, labels[i], unit.part.path, frame, lines[i], own[i]))
    for part in holders:
        inside = [result[i] for i in _inside(part, units)]
        frame = (
            min(m.x for m in inside) - PAD,
            min(m.y for m in inside) - PAD / 2,
            max(m.x + m.w for m in inside) + PAD,
            max(m.y + m.h for m in inside) + PAD / 2,
        )
        above = part.parent
        while above is not None and id(above) not in numbers:
            above = above.parent
        number = None if above is None else numbers[id(above)]
        label = part.path.rpartition(".")[2]
        line = min(m.line for m in inside)
        result.append(_module(numbers[id(part)], number, label, part.path, frame, line, []))
    return tuple(result)


def _inside(part: Part, units: list[Unit]) -> list[int]:
    """List the units that lie in a module."""
    found = []
    for i, unit in enumerate(units):
        at: Part | None = unit.part
        while at is not None and at is not part:
            at = at.parent
        if at is part:
            found.append(i)
    return found


def _around(boxes: list[Box]) -> Frame:
    return (
        min(box.x for box in boxes),
        min(box.y for box in boxes),
        max(box.x + box.w for box in boxes),
        max(box.y + box.h for box in boxes),
    )


def _module(
    number: int,
    parent: int | None,
    label: str,
    path: str,
    frame: Frame,
    line: int,
    boxes: list[Box],
) -> Module:
    x0, y0, x1, y1 = frame
    ids = tuple(box.id for box in boxes)
    return Module(number, parent, label, path, x0, y0, x1 - x0, y1 - y0, line, ids)
