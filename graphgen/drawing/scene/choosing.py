"""Which layout fits a screen: the width of a line, and how tall boxes are."""

from __future__ import annotations

from collections.abc import Callable

from graphgen.drawing.scene.sheet import Blueprint, Sheet, set_on_lines

WIDTHS = (2400.0, 1900.0, 1500.0, 1200.0, 1000.0, 840.0, 700.0, 580.0, 480.0, 400.0, 330.0, 270.0)
SHORT = 600.0
"""The width up to which a network stands on one line."""
WIDEST, SLIMMEST = 2.3, 0.42
"""Width by height, between which a network is to be."""
ASPECT = 1.2
LEAST = 0.38
"""How much less tall than by themselves boxes may be, for more of them to be seen."""


def choose(blueprint_for: Callable[[float], Blueprint]) -> tuple[Sheet, float]:
    """Choose the sheet whose lines are the widest that a screen has room for, and its stretch.

    The wider lines are, the more modules stay whole; units share lines only where they would
    otherwise make a strip from top to bottom.
    """
    for most in WIDTHS:
        sheet = set_on_lines(blueprint_for(most), most, flow=False)
        width, boxes, rest = sheet.estimate()
        one = len(sheet.lines) == 1 and width <= SHORT
        if one or width / (boxes + rest) <= WIDEST:
            break
    if not one and width / (LEAST * boxes + rest) < SLIMMEST:
        sheet = flowing(sheet.blueprint)
        width, boxes, rest = sheet.estimate()
    wanted = width / ASPECT - rest
    return sheet, min(1.0, max(LEAST, wanted / boxes))


def flowing(blueprint: Blueprint) -> Sheet:
    """Let units follow one another on lines that are as wide as it takes for a screen's form."""
    for most in reversed(WIDTHS):
        sheet = set_on_lines(blueprint, most, flow=True)
        width, boxes, rest = sheet.estimate()
        if width / (LEAST * 1.5 * boxes + rest) >= 0.8:
            break
    return sheet
