"""A network as one small picture: an SVG that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

from numpy.typing import NDArray

from graphgen.drawing.scene import Box, Scene, Wire, scene
from graphgen.drawing.svg.pictures import picture, side_for
from graphgen.drawing.svg.style import style
from graphgen.errors import GraphError, described
from graphgen.graph import Graph
from graphgen.summary import name_of
from graphgen.template import Template

ROUND = 3.0
DOT = 2.6
"""The least height of a row at which neurons are dots."""


def draw(graph: Graph | Template, *, width: float | None = None, dark: bool | None = None) -> str:
    """Draw a graph, or a template without weights, as an SVG of its own.

        Path("net.svg").write_text(draw(graph), encoding="utf-8")

    `width` is that of the picture in pixels, by default its own; `dark` is by default what the
    reader's system prefers.
    """
    if isinstance(graph, Graph):
        template, tensors = graph.template, graph.tensors
    elif isinstance(graph, Template):
        template, tensors = graph, None
    else:
        raise GraphError(f"`graph` is {described(graph)}; expected a Graph or a Template")
    drawn = scene(template)
    size = (drawn.width, drawn.height)
    shown = size if width is None else (width, width * drawn.height / drawn.width)
    title = name_of(template)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gmn" width="{n(shown[0])}" '
        f'height="{n(shown[1])}" viewBox="0 0 {n(size[0])} {n(size[1])}" role="img">'
    )
    body = (
        head,
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(description(template))}</desc>",
        f"<style>{style(dark)}</style>",
        '<pattern id="gmn-hatch" width="4" height="4" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path class="h" d="M0 0V4"/></pattern>'
        if tensors is None
        else "",
        f'<rect class="back" width="{n(size[0])}" height="{n(size[1])}"/>',
        *modules(drawn),
        *wires(drawn),
        *boxes(drawn, template, tensors),
        *texts(drawn),
        "</svg>",
    )
    return "\n".join(part for part in body if part) + "\n"


def description(template: Template) -> str:
    """Say in words what the picture shows."""
    outputs = [group.size for group in template.node_groups if group.output >= 0]
    inputs = [group.size for group in template.node_groups if group.kind == "input"]
    matrices = [b for b in template.blocks if b.tensor is not None and len(b.shape) > 1]
    return (
        f"{template.kind.capitalize()} graph of {name_of(template)}: {template.num_nodes:,} nodes "
        f"in {len(template.node_groups)} groups, {template.num_edges:,} edges in "
        f"{len(template.blocks)} blocks, of which {len(matrices)} are matrices of weights; from "
        f"{sum(inputs):,} inputs to {sum(outputs):,} outputs."
    )


def n(value: float) -> str:
    """Write a number to a tenth."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def modules(drawn: Scene) -> Iterator[str]:
    """Draw the frames of modules, outer ones first."""
    for module in sorted(drawn.modules, key=lambda module: -module.w * module.h):
        kind = "m" if module.boxes else "mm"
        yield (
            f'<rect class="{kind}" x="{n(module.x)}" y="{n(module.y)}" width="{n(module.w)}" '
            f'height="{n(module.h)}" rx="4"/>'
        )


def wires(drawn: Scene) -> Iterator[str]:
    """Draw the wires, those of a kind in one path, residual ones last."""
    for kind in ("in", "free", "residual"):
        path = "".join(rounded(wire) for wire in drawn.wires if wire.kind == kind)
        if path:
            yield f'<path class="w {kind[0]}" d="{path}"/>'


def rounded(wire: Wire) -> str:
    """Give the path of a wire with round corners."""
    points = wire.points
    result = f"M{n(points[0][0])} {n(points[0][1])}"
    for (x0, y0), (x, y), (x1, y1) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(x - x0) + abs(y - y0), abs(x1 - x) + abs(y1 - y)
        r = min(ROUND, before / 2, after / 2)
        ax, ay = x - r * sign(x - x0), y - r * sign(y - y0)
        bx, by = x + r * sign(x1 - x), y + r * sign(y1 - y)
        result += f"L{n(ax)} {n(ay)}Q{n(x)} {n(y)} {n(bx)} {n(by)}"
    return result + f"L{n(points[-1][0])} {n(points[-1][1])}"


def sign(value: float) -> int:
    """Give the sign of a number."""
    return (value > 0) - (value < 0)


def boxes(
    drawn: Scene, template: Template, tensors: Mapping[str, NDArray[Any]] | None
) -> Iterator[str]:
    """Draw the boxes: pictures of weights, hatches where there are none, neurons."""
    side = side_for(sum(box.kind == "matrix" for box in drawn.boxes))
    for box in drawn.boxes:
        place = f'x="{n(box.x)}" y="{n(box.y)}" width="{n(box.w)}" height="{n(box.h)}"'
        if box.block is None:
            yield neurons(box, place, template)
            continue
        block = template.blocks[box.block]
        title = f"<title>{escape(block.name)}, {' × '.join(map(str, block.shape))}</title>"
        frame = f'<rect class="b{" t" if block.tied else ""}" {place}/>'
        if tensors is None:
            yield frame.replace('class="b', 'class="b e').replace("/>", f">{title}</rect>")
            continue
        strip = box.kind == "strip"
        href = picture(block, tensors[str(block.tensor)], side, strip)
        image = f'<image {place} preserveAspectRatio="none" href="{href}">{title}</image>'
        yield image if strip and not block.tied else frame + image


def neurons(box: Box, place: str, template: Template) -> str:
    """Draw neurons as dots where there is room for them, else as a bar."""
    group = template.node_groups[box.group]
    title = f"<title>{escape(group.name)}, {group.size} {group.kind}</title>"
    row = box.h / box.rows
    if row < DOT or group.kind == "hub":
        return f'<rect class="n" {place} rx="1.5">{title}</rect>'
    middle, r = n(box.x + box.w / 2), min(box.w, row) / 2 - 0.4
    path = f"M{middle} {n(box.y + row / 2)}v{n(box.h - row)}"
    # Round dots from one path: dashes of no length, with round ends.
    if box.rows == 1:
        path = f"M{middle} {n(box.y + row / 2)}h0"
    dashes = f'stroke-width="{n(2 * r)}" stroke-dasharray="0 {row:.3f}"'
    return f'<path class="d" d="{path}" {dashes}>{title}</path>'


def texts(drawn: Scene) -> Iterator[str]:
    """Write the names of modules and boxes."""
    for module in drawn.modules:
        if module.titled:
            own = [drawn.boxes[i] for i in module.boxes]
            y = own[0].y + own[0].h / 2 - 2.5
            yield f'<text class="l" x="{n(module.x + 6)}" y="{n(y)}">{escape(module.label)}</text>'
    for box in drawn.boxes:
        if box.caption:
            yield f'<text x="{n(box.x)}" y="{n(box.y - 2.5)}">{escape(box.label)}</text>'
