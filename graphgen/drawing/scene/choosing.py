"""Which layout fits a screen: the width of a line, and how tall boxes are."""

from __future__ import annotations

from collections.abc import Callable
from math import log

from graphgen.drawing.scene.sheet import Blueprint, Sheet, set_on_lines

ASPECT = 1.35
WIDTHS = (260.0, 330.0, 420.0, 530.0, 670.0, 840.0, 1060.0, 1340.0, 1680.0, 2100.0)
STRETCHES = (1.0, 0.8, 0.64, 0.5, 0.4)


def choose(blueprint_for: Callable[[float], Blueprint], label: float) -> tuple[Sheet, float]:
    """Choose the sheet whose width and height come nearest to those of a screen, and its stretch.

    Boxes are as tall as can be, a unit is broken into lines only if need be, and units share a line
    only where they are many and narrow.
    """
    best: tuple[float, Sheet, float] | None = None
    for most in WIDTHS:
        blueprint = blueprint_for(most)
        for flow in (False, True):
            sheet = set_on_lines(blueprint, most, flow, label)
            wide, tall = sheet.estimate(label)
            rows = len(sheet.lines) * 10.0 + sheet.first_rows[-1] * 4
            broken = sum(len(line.segments) for line in sheet.lines) - len(blueprint.layouts)
            shared = sum(len(line.segments) - 1 for line in sheet.lines)
            cost = broken / len(blueprint.layouts) + (0.8 if shared else 0.0)
            for stretch in STRETCHES:
                height = (tall - rows) * stretch + rows
                score = abs(log(wide / height / ASPECT)) + cost + 0.25 * abs(log(stretch))
                if best is None or score < best[0] - 1e-9:
                    best = score, sheet, stretch
    assert best is not None
    return best[1], best[2]
