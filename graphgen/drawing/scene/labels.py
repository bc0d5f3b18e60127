"""Labels: names as short as they can be said where they stand."""

from __future__ import annotations

from collections.abc import Sequence

from graphgen.drawing.scene.modules import Unit
from graphgen.drawing.scene.sheet import GAP, Sheet
from graphgen.template import EdgeBlock, Template

LETTER = 4.0
"""The width of a letter of a caption."""
LONGEST = 15
TITLE_LETTER, LONGEST_TITLE = 5.0, 82.0
"""The width of a letter of a module's title, and that of all titles."""


def label_of(template: Template, group: int, block: EdgeBlock | None, unit: Unit) -> str:
    """Label a box: a matrix by its tensor, a strip by its role, neurons by their group."""
    name = template.node_groups[group].name
    if block is not None:
        name = block.layer if block.tied else (block.tensor or name)
    path = unit.part.path
    if path and name.startswith(path) and len(name) > len(path):
        name = name[len(path) :].lstrip("./:")
    for end in (".weight", "_weight"):
        if name.endswith(end) and len(name) > len(end):
            name = name[: -len(end)]
    return name


def unit_label(unit: Unit, template: Template) -> str:
    """Label a unit: the end of its module's name, or the first of its layers."""
    if not unit.whole:
        first, last = (template.node_groups[unit.groups[i]].name for i in (0, -1))
        return first if first == last else f"{first} … {last}"
    parts = unit.part.path.split(".")
    label = parts.pop()
    while parts and len(parts[-1]) + 1 + len(label) <= LONGEST:
        label = f"{parts.pop()}.{label}"
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"


def captions(sheet: Sheet, template: Template, units: Sequence[Unit]) -> dict[int, str]:
    """Give the captions of groups, above their first box: one for each place in a family.

    Where there is no room for the whole name its end stands for it.
    """
    seen: set[tuple[int, int, int]] = set()
    result = {}
    for group, spot in sorted(sheet.spots.items(), key=lambda item: item[0]):
        segment = sheet.segment(spot.line, spot.column)
        local = segment.first + spot.column - segment.start
        key = (sheet.blueprint.family[segment.unit], local, spot.lane)
        if key in seen:
            continue
        part = sheet.blueprint.stacks[group].parts[0]
        block = None if part.block is None else template.blocks[part.block]
        text = label_of(template, group, block, units[segment.unit])
        room = sheet.column_width(spot.line, spot.column) + (GAP if block is None else GAP - 3)
        while len(text) * LETTER > room and "." in text:
            text = text.partition(".")[2]
        if len(text) * LETTER <= room and not (text.isdigit() and block is None):
            result[group] = text
            seen.add(key)
    return result
