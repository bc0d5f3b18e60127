"""What holds for every scene: a list of what is wrong, empty if nothing is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from graphgen.drawing.scene import Box, Scene
from graphgen.template import Template

NEAR = 1e-6


def faults(scene: Scene, template: Template) -> list[str]:
    return [
        *everything_once(scene, template),
        *overlaps(scene),
        *side_by_side(scene),
        *ends_of_wires(scene, template),
        *frames(scene),
        *rows_of_groups(scene, template),
    ]


def everything_once(scene: Scene, template: Template) -> Iterator[str]:
    boxes = Counter(box.block for box in scene.boxes if box.block is not None)
    wires = Counter(wire.block for wire in scene.wires)
    shown = Counter(box.group for box in scene.boxes if box.block is None)
    folded = {box.folded for box in scene.boxes if box.folded is not None}
    for i, block in enumerate(template.blocks):
        free = block.tensor is None
        if boxes[i] != (not free):
            yield f"block {block.name} has {boxes[i]} boxes"
        inside = block.source_group in folded
        if wires[i] != (not inside):
            yield f"block {block.name} has {wires[i]} wires"
    for i, group in enumerate(template.node_groups):
        if shown[i] + (i in folded) != 1:
            yield f"group {group.name} is shown {shown[i]} times"
    for box in scene.boxes:
        if box.block is not None and template.blocks[box.block].target_group != box.group:
            yield f"box {box.id} is not of the group that its block leads to"
        if box.folded is not None and template.node_groups[box.folded].size != 1:
            yield f"box {box.id} folds a group of several nodes"
    owners = Counter(i for module in scene.modules for i in module.boxes)
    if owners != Counter(box.id for box in scene.boxes):
        yield "a box is not in exactly one module"
    if any(box.id not in scene.modules[box.module].boxes for box in scene.boxes):
        yield "a box is not in its module"


def overlaps(scene: Scene) -> Iterator[str]:
    boxes = sorted(scene.boxes, key=lambda box: box.y)
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            if b.y >= a.y + a.h - NEAR:
                break
            if a.x < b.x + b.w - NEAR and b.x < a.x + a.w - NEAR:
                yield f"boxes {a.id} and {b.id} overlap"
    for box in scene.boxes:
        inside = 0 <= box.x <= box.x + box.w <= scene.width
        if not (inside and 0 <= box.y <= box.y + box.h <= scene.height and box.w > 0 < box.h):
            yield f"box {box.id} lies outside of the scene"


def side_by_side(scene: Scene) -> Iterator[str]:
    groups: dict[int, list[Box]] = defaultdict(list)
    for box in scene.boxes:
        groups[box.group].append(box)
    order = {"matrix": 0, "strip": 1, "neurons": 2, "hub": 2}
    for group, boxes in groups.items():
        if len({(box.y, box.h) for box in boxes}) > 1:
            yield f"boxes of group {group} do not share y and h"
        kinds = [order[box.kind] for box in sorted(boxes, key=lambda box: box.x)]
        if kinds != sorted(kinds) or kinds[-1] != 2:
            yield f"boxes of group {group} are not matrices, strips, neurons"


def ends_of_wires(scene: Scene, template: Template) -> Iterator[str]:
    for wire in scene.wires:
        a, b, block = (
            scene.boxes[wire.source],
            scene.boxes[wire.target],
            template.blocks[wire.block],
        )
        if a.group != block.source_group or b.group != block.target_group:
            yield f"wire {wire.id} joins others than its block does"
        if a.block is not None or b.block != (None if block.tensor is None else wire.block):
            yield f"wire {wire.id} does not lead from neurons to its box"
        if (wire.kind == "in") != (block.tensor is not None):
            yield f"wire {wire.id} is of the wrong kind"
        if not (touches(a, wire.points[0]) and touches(b, wire.points[-1])):
            yield f"wire {wire.id} does not end at its boxes"
        for (x0, y0), (x1, y1) in pairwise(wire.points):
            if (abs(x0 - x1) > NEAR) == (abs(y0 - y1) > NEAR):
                yield f"wire {wire.id} is not orthogonal, or stands still"


def touches(box: Box, point: tuple[float, float]) -> bool:
    """Whether a point lies on the border of a box."""
    x, y = point
    inside = box.x - NEAR <= x <= box.x + box.w + NEAR and box.y - NEAR <= y <= box.y + box.h + NEAR
    borders = (x - box.x, x - box.x - box.w, y - box.y, y - box.y - box.h)
    return inside and min(abs(border) for border in borders) < NEAR


def frames(scene: Scene) -> Iterator[str]:
    for number, module in enumerate(scene.modules):
        if module.id != number or (module.parent is not None and module.parent == number):
            yield f"module {module.id} has a wrong number or parent"
        if module.boxes and module.h < 12:
            yield f"module {module.label} is only {module.h} tall"
        inside = [scene.boxes[i] for i in module.boxes]
        inside += [other for other in scene.modules if other.parent == module.id]  # type: ignore[misc]
        for part in inside:
            across = module.x - NEAR <= part.x <= part.x + part.w <= module.x + module.w + NEAR
            down = module.y - NEAR <= part.y <= part.y + part.h <= module.y + module.h + NEAR
            if not (across and down):
                yield f"module {module.label} does not hold all that is in it"


def rows_of_groups(scene: Scene, template: Template) -> Iterator[str]:
    """Each row of a box leads to the node that the box says, by the edges of its block."""
    for box in scene.boxes:
        if box.block is None or box.grid is None:
            continue
        block, group = template.blocks[box.block], template.node_groups[box.group]
        order = list(range(box.rows)) if box.row_order is None else list(box.row_order)
        sizes = [size for _, size, _, _ in box.grid.rows]
        places = [axis for axis, *_ in box.grid.rows]
        targets = block.targets() - group.start
        for axis in range(len(block.shape)):
            if axis not in places:
                targets = targets.take([0], axis=axis)
        found = targets.reshape(-1).tolist()
        if box.rows <= 4096 and (found != order or box.rows != len(order)):
            yield f"box {box.id} says another order of rows than its block has ({sizes})"
