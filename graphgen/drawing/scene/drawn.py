"""The scene of a template."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from graphgen.drawing.matrix import MatrixView
from graphgen.drawing.scene.boxes import Link, Stack, grid_of, row_order, stacks_and_links
from graphgen.drawing.scene.choosing import choose
from graphgen.drawing.scene.columns import arrange
from graphgen.drawing.scene.families import families
from graphgen.drawing.scene.framing import frames
from graphgen.drawing.scene.labels import (
    LONGEST_TITLE,
    TITLE_LETTER,
    captions,
    label_of,
    unit_label,
)
from graphgen.drawing.scene.modules import Cutting, Unit, tree
from graphgen.drawing.scene.parts import Box, Scene, Wire, WireKind
from graphgen.drawing.scene.placing import Placing
from graphgen.drawing.scene.sheet import GAP, Blueprint
from graphgen.drawing.scene.wires import routes
from graphgen.template import Template


def scene(template: Template) -> Scene:
    """Lay a network out: each block a matrix, a strip or a wire, a line a module.

    scene = graphgen.drawing.scene.scene(graphgen.template(net))
    """
    stacks, links = stacks_and_links(template)
    edges = [(link.source, link.target) for link in links]
    root = tree(template, sorted(stacks))
    found: dict[int, list[Unit]] = {}
    kept: list[Blueprint] = []

    def columns(groups: Sequence[int]) -> dict[int, int]:
        return {group: column for group, (column, _) in arrange(groups, edges).cells.items()}

    def blueprint_for(most: float) -> Blueprint:
        def fits(groups: Sequence[int]) -> bool:
            return width_of(groups, edges, stacks) <= most - LONGEST_TITLE

        together = Cutting(root, lambda group: stacks[group].matrices, fits, columns).units()
        kept.append(blueprint_of(together, stacks, edges, template))
        found[id(kept[-1])] = together
        return kept[-1]

    sheet, stretch = choose(blueprint_for)
    together = found[id(sheet.blueprint)]
    captioned = captions(sheet, template, together)
    above = from_above(stacks, links)
    placing = Placing(sheet, routes(sheet, links, above), stretch, frozenset(captioned))
    return finished(template, placing, together, captioned)


def blueprint_of(
    together: list[Unit],
    stacks: dict[int, Stack],
    edges: list[tuple[int, int]],
    template: Template,
) -> Blueprint:
    """Arrange each unit by itself."""
    titles = [len(unit_label(unit, template)) for unit in together if unit.titled]
    small = [not any(stacks[group].matrices for group in unit.groups) for unit in together]
    return Blueprint(
        stacks,
        tuple(arrange(unit.groups, edges) for unit in together),
        families(together, template),
        tuple(unit.within for unit in together),
        tuple(unit.titled for unit in together),
        tuple(a and not unit.whole for a, unit in zip(small, together, strict=True)),
        min(max(titles, default=0) * TITLE_LETTER + 6 if titles else 0.0, LONGEST_TITLE),
    )


def width_of(
    groups: Sequence[int], edges: list[tuple[int, int]], stacks: dict[int, Stack]
) -> float:
    """Give the width of groups on one line."""
    widths: dict[int, float] = defaultdict(float)
    for group, (column, _) in arrange(groups, edges).cells.items():
        widths[column] = max(widths[column], stacks[group].width)
    return sum(widths.values()) + GAP * len(widths)


def from_above(stacks: dict[int, Stack], links: tuple[Link, ...]) -> frozenset[int]:
    """Name the blocks whose wires come to their box from above: others stand on its left."""
    return frozenset(link.block for link in links if stacks[link.target].place(link) > 0)


def wire_kinds(template: Template, links: tuple[Link, ...]) -> dict[int, WireKind]:
    """Tell residual wires, which add to something else, from others that carry no tensor."""
    into: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        into[link.target].append(link)
    result: dict[int, WireKind] = {}
    for link in links:
        block = template.blocks[link.block]
        nodes = MatrixView(block).nodes() if link.free and block.kind == "identity" else None
        others = [template.blocks[o.block] for o in into[link.target] if o.block != link.block]
        if not link.free:
            result[link.block] = "in"
        elif nodes is not None and any(
            nodes[0] <= other.targets().max() and other.targets().min() <= nodes[-1]
            for other in others
        ):
            result[link.block] = "residual"
        else:
            result[link.block] = "free"
    return result


def finished(
    template: Template, placing: Placing, found: list[Unit], captioned: dict[int, str]
) -> Scene:
    """Make boxes, wires and modules of what has its place."""
    sheet = placing.sheet
    module_of = {group: i for i, unit in enumerate(found) for group in unit.groups}
    boxes: list[Box] = []
    matrix_at: dict[int, int] = {}
    neurons_at: dict[int, int] = {}
    for group in sorted(sheet.spots, key=lambda group: (module_of[group], group)):
        stack, spot = sheet.blueprint.stacks[group], sheet.spots[group]
        height = placing.box_height(group)
        left = placing.left[spot.line, spot.column]
        for i, part in enumerate(stack.parts):
            block = None if part.block is None else template.blocks[part.block]
            view = None if block is None else MatrixView(block)
            label = label_of(template, group, block, found[module_of[group]])
            if i == 0:
                label = captioned.get(group, label)
            boxes.append(
                Box(
                    id=len(boxes),
                    kind=part.kind,
                    module=module_of[group],
                    label=label,
                    x=left + stack.offset(i),
                    y=placing.middle(group) - height / 2,
                    w=part.width,
                    h=height,
                    group=group,
                    block=part.block,
                    rows=template.node_groups[group].size if view is None else view.rows,
                    columns=1 if view is None else view.columns,
                    taps=(1, 1) if view is None else view.taps,
                    row_order=None
                    if block is None
                    else row_order(block, template.node_groups[group]),
                    grid=None if block is None else grid_of(block, template.node_groups),
                    folded=part.folded,
                    caption=i == 0 and group in captioned,
                )
            )
            if part.block is None:
                neurons_at[group] = boxes[-1].id
            else:
                matrix_at[part.block] = boxes[-1].id
    links = tuple(route.link for route in placing.routes)
    kinds = wire_kinds(template, links)
    wires = tuple(
        Wire(
            i,
            kinds[route.link.block],
            route.link.block,
            neurons_at[route.link.source],
            neurons_at[route.link.target] if route.link.free else matrix_at[route.link.block],
            placing.points(route),
        )
        for i, route in enumerate(placing.routes)
    )
    labels = [unit_label(unit, template) for unit in found]
    modules = frames(placing, found, labels, boxes)
    return Scene(placing.width, placing.height, modules, tuple(boxes), wires)
