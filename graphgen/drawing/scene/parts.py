"""What a scene is made of: modules, boxes and wires, with their places."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

BoxKind = Literal["matrix", "strip", "neurons", "hub"]
WireKind = Literal["in", "residual", "free"]
Point = tuple[float, float]


@dataclass(frozen=True)
class Grid:
    """The affine maps of a block as a matrix; `start` is that of target and source in their groups.

    Each axis is (its place in the block, size, target stride, source stride).
    """

    start: tuple[int, int]
    rows: tuple[tuple[int, int, int, int], ...]
    columns: tuple[tuple[int, int, int, int], ...]
    taps: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True)
class Box:
    """A matrix, a strip (a matrix of one column from one node), neurons, or a hub.

    `group` is that whose nodes the rows are; `folded` the group of one node that a strip stands
    for; `row_order` which node of the group each row shows, where it is not one after the other.
    `caption` says whether there is room for the label above the box.
    """

    id: int
    kind: BoxKind
    module: int
    label: str
    x: float
    y: float
    w: float
    h: float
    group: int
    block: int | None
    rows: int
    columns: int
    taps: tuple[int, int]
    row_order: tuple[int, ...] | None = None
    grid: Grid | None = None
    folded: int | None = None
    caption: bool = False


@dataclass(frozen=True)
class Module:
    """A part of the network with a name, the boxes that are its own, and the line it stands on.

    `titled` says whether there is room for its label left of its boxes.
    """

    id: int
    parent: int | None
    label: str
    path: str
    x: float
    y: float
    w: float
    h: float
    line: int
    boxes: tuple[int, ...]
    titled: bool


@dataclass(frozen=True)
class Wire:
    """What leads from the neurons of one box to another box, along orthogonal lines."""

    id: int
    kind: WireKind
    block: int
    source: int
    target: int
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Scene:
    """Where everything lies, in pixels at zoom 1.

    scene = graphgen.drawing.scene.scene(graphgen.template(net))
    scene.plain()       # for JSON
    """

    width: float
    height: float
    modules: tuple[Module, ...]
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]

    def plain(self) -> dict[str, Any]:
        """Give the scene as plain data; coordinates to a tenth."""
        wires = [
            {
                "id": wire.id,
                "kind": wire.kind,
                "block": wire.block,
                "from": wire.source,
                "to": wire.target,
                "points": wire.points,
            }
            for wire in self.wires
        ]
        parts = {
            "width": self.width,
            "height": self.height,
            "modules": [asdict(module) for module in self.modules],
            "boxes": [asdict(box) for box in self.boxes],
            "wires": wires,
        }
        result: dict[str, Any] = _plain(parts)
        return result


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        short = round(value, 1)
        return int(short) if short == int(short) else short
    return value
