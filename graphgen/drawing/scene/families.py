"""Units that are built alike, and share the places of their columns."""

from __future__ import annotations

import re

from graphgen.drawing.scene.modules import Unit, alike
from graphgen.template import Template


def families(units: list[Unit], template: Template) -> tuple[int, ...]:
    """Give each unit the number of its family: that of the first unit that is built alike."""
    firsts: list[tuple[str, frozenset[str], int]] = []
    result = []
    for i, unit in enumerate(units):
        path = unit.part.path
        inside = frozenset(template.node_groups[g].name[len(path) :] for g in unit.groups)
        key = re.sub(r"\d+", "#", path)
        found = None
        if unit.whole:
            found = next((n for k, names, n in firsts if k == key and alike(inside, names)), None)
            if found is None:
                firsts.append((key, inside, i))
        result.append(i if found is None else found)
    return tuple(result)
