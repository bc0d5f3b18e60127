"""Where the items of a value lie in another, whatever reshapes and permutes stand in between.

An axis is a product of digits, as the places of a number are, the outermost first: a digit counts
items that are a stride apart in the other value's row-major order. So every way of spelling a
movement of items gives the same view.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from graphgen.importers.network import Node
from graphgen.importers.rules.session import Session
from spec.primitives import Shape

Digit = tuple[int, int]
Axis = tuple[Digit, ...]

MOVES = frozenset(
    ("reshape", "permute", "transpose", "flatten", "unflatten", "unsqueeze", "squeeze")
)
"""Layers that give the same items, each once, in another order."""
CHOICES = frozenset(("select", "narrow", "slice", "split", "chunk"))
COPIES = frozenset(("expand", "repeat_interleave"))


@dataclass(frozen=True)
class View:
    """Items of `base`: item 0 is `offset` behind its first, the others are strides apart."""

    base: str
    shape: Shape
    offset: int
    axes: tuple[Axis, ...]

    @property
    def sizes(self) -> Shape:
        """The shape of what is viewed."""
        return tuple(size_of(axis) for axis in self.axes)

    @property
    def whole(self) -> bool:
        """Whether it is the base as it is."""
        return self == whole(self.base, self.shape)


def size_of(axis: Axis) -> int:
    """Give the number of items along an axis."""
    return prod(size for size, _ in axis)


def whole(base: str, shape: Shape) -> View:
    """Give the view that is a value itself."""
    strides = [prod(shape[place + 1 :]) for place in range(len(shape))]
    axes = tuple(merged(((n, s),)) for n, s in zip(shape, strides, strict=True))
    return View(base, shape, 0, axes)


def merged(axis: Sequence[Digit]) -> Axis:
    """Join digits that are one, and leave out those of one item."""
    joined: list[Digit] = []
    for size, stride in axis:
        if size == 1:
            continue
        if joined and joined[-1][1] == size * stride:
            joined[-1] = (joined[-1][0] * size, stride)
        else:
            joined.append((size, stride))
    return tuple(joined)


def view_of(session: Session, value: str, layers: frozenset[str]) -> View:
    """Follow a value back through movements of these layers, as far as they can be followed."""
    behind: list[tuple[Node, str]] = []
    base = value
    while True:
        node = session.maker(base)
        if node is None or node.layer not in layers:
            break
        behind.append((node, base))
        base = node.inputs[0]
    # A movement that cannot be followed is where the view begins.
    view = whole(base, session.shape(base))
    for node, output in reversed(behind):
        moved = through(view, node, output, session.shape(output))
        view = whole(output, session.shape(output)) if moved is None else moved
    return view


def through(view: View, node: Node, output: str, shape: Shape) -> View | None:
    """Give the view of what a node makes of a view; None where it cannot be said by digits."""
    fields, axes = node.fields, view.axes
    if node.layer == "rotary":  # which leaves each item's place
        return view
    if node.layer == "permute":
        rank = len(axes) + 1
        return replace(view, axes=tuple(axes[d % rank - 1] for d in fields["dims"][1:]))
    if node.layer == "transpose":
        first, second = (fields[name] % (len(axes) + 1) - 1 for name in ("dim0", "dim1"))
        order = list(range(len(axes)))
        order[first], order[second] = second, first
        return replace(view, axes=tuple(axes[place] for place in order))
    if node.layer in MOVES:
        return reshaped(view, shape)
    if node.layer == "expand":
        wide = ((),) * (len(shape) - len(axes)) + axes
        return replace(
            view,
            axes=tuple(
                axis if size_of(axis) == size else ((size, 0),)
                for axis, size in zip(wide, shape, strict=True)
            ),
        )
    if node.layer == "repeat_interleave":
        place = fields["dim"] % (len(axes) + 1) - 1
        copied = merged((*axes[place], (fields["repeats"], 0)))
        return replace(view, axes=(*axes[:place], copied, *axes[place + 1 :]))
    return _chosen(view, node, output, shape)


def reshaped(view: View, shape: Shape) -> View | None:
    """Cut and merge the digits for other sizes; None where these do not nest."""
    rest = [digit for axis in view.axes for digit in axis]
    axes: list[Axis] = []
    for size in shape:
        axis: list[Digit] = []
        missing = size
        while missing > 1:
            if not rest:
                return None
            count, stride = rest.pop(0)
            if missing % count == 0:
                axis.append((count, stride))
                missing //= count
            elif count % missing == 0:
                inner = count // missing
                axis.append((missing, stride * inner))
                rest.insert(0, (inner, stride))
                missing = 1
            else:
                return None
        axes.append(merged(axis))
    return replace(view, axes=tuple(axes))


def _chosen(view: View, node: Node, output: str, shape: Shape) -> View | None:
    fields: dict[str, Any] = dict(node.fields)
    rank = len(view.axes)
    place = fields.get("dim", 1) % (rank + 1) - 1
    axis = view.axes[place]
    count = size_of(axis)
    start, step = 0, 1
    if node.layer == "select":
        start, length = fields["index"] % count, 1
    elif node.layer == "narrow":
        start, length = fields["start"] % count, fields["length"]
    elif node.layer == "slice":
        places = range(count)[fields.get("start") : fields.get("stop") : fields.get("step", 1)]
        start, step, length = places.start, places.step, len(places)
    else:
        start, length = part_of(node, output, count)
    taken = _run(axis, start, step, length)
    if taken is None:
        return None
    offset, kept = taken
    axes = [*view.axes[:place], kept, *view.axes[place + 1 :]]
    if node.layer == "select":
        del axes[place]
    return replace(view, offset=view.offset + offset, axes=tuple(axes))


def part_of(node: Node, output: str, count: int) -> tuple[int, int]:
    """Say where the part of a `split` or `chunk` begins along the axis, and how long it is."""
    locals_ = {name: int(local) for local, name in node.further.items()}
    index = locals_.get(output, node.fields.get("index", 0))
    if node.layer == "chunk":
        length = -(-count // node.fields["chunks"])
        return index * length, min(length, count - index * length)
    sizes = node.fields.get("sizes")
    if sizes is None:
        sections = node.fields["sections"]
        sizes = [count // sections] * sections
    return sum(sizes[:index]), sizes[index]


def _run(axis: Axis, start: int, step: int, length: int) -> tuple[int, Axis] | None:
    """Take a run of the items along an axis: the offset of its first, and its digits."""
    if length == 1:
        offset, behind = 0, start
        for size, stride in reversed(axis):
            offset += behind % size * stride
            behind //= size
        return offset, ()
    if len(axis) == 1:
        ((_, stride),) = axis
        return start * stride, merged(((length, step * stride),))
    inner = prod(size for size, _ in axis[1:])
    if step == 1 and start % inner == 0 and length % inner == 0 and axis:
        return start // inner * axis[0][1], merged(((length // inner, axis[0][1]), *axis[1:]))
    return None
