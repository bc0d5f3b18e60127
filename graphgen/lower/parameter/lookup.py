"""The parameter graph of a lookup: entry nodes that carry their coefficient, and their features."""

from __future__ import annotations

from math import prod

from graphgen.lower.parameter.layout import Layout, axis_of, row_major
from graphgen.lower.parameter.spread import NEURONS, POSITIONS, spread
from graphgen.lower.parameter.state import Lowering, Row
from spec import Operation
from spec.primitives import Lookup


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a lookup: an edge from each entry to each feature.

    The entries of a table are the nodes of the input of indices. Those of a grid or a hash table
    are nodes behind a hub that the coordinates lead to, told apart by their places.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Lookup):
        raise TypeError(f"expected a Lookup, got {primitive}")
    if primitive.kind == "one_hot":
        one_hot(state, operation, primitive)
        return
    (tensor,) = operation.parameters
    shape = state.net.tensors[tensor].shape
    layout = state.layout(operation.inputs[0])
    last_first = primitive.kind in ("grid", "columns")
    features = shape[0] if last_first else shape[1]
    cells = shape[1:] if last_first else shape[:1]
    if primitive.is_table:
        entries = layout.group
        if entries not in state.tables:
            raise state.refuse(operation, "its indices are no input")
        kept = layout.axes
    else:
        last = len(layout.axes) - 1
        want = {axis: NEURONS if axis == last else POSITIONS for axis in range(last + 1)}
        layout = spread(state, operation, layout, want)
        entries = places(state, operation, primitive, layout, cells)
        kept = layout.axes[:-1]
    target = state.group(operation.layer, "neuron", features)
    strides = row_major(list(cells))
    inwards: list[Row] = [(n, "in", step, 0) for n, step in zip(cells, strides, strict=True)]
    outwards: list[Row] = [(features, "out", 0, 1)]
    rows = [*outwards, *inwards] if last_first else [*inwards, *outwards]
    ready = primitive.prepared.attributes() if primitive.prepared else ()
    state.connect(operation, "table", rows, (entries, 0), (target, 0), tensor, attributes=ready)
    state.layouts[operation.output] = Layout(
        (*kept, axis_of(features, target)), target, space=layout.space
    )


def one_hot(state: Lowering, operation: Operation, primitive: Lookup) -> None:
    """Give each index a neuron; those that the input cannot hold have no edge, and are 0."""
    layout, count = state.layout(operation.inputs[0]), primitive.resolution
    if layout.group not in state.tables:
        raise state.refuse(operation, "its indices are no input")
    held = min(count, state.groups[layout.group].size)
    target = state.group(operation.output, "neuron", count)
    state.connect(operation, "identity", [(held, "unit", 1, 1)], (layout.group, 0), (target, 0))
    axes = (*layout.axes, axis_of(count, target))
    state.layouts[operation.output] = Layout(axes, target, space=layout.space)


def places(
    state: Lowering, operation: Operation, primitive: Lookup, layout: Layout, cells: tuple[int, ...]
) -> int:
    """Add the hub that the coordinates lead to, and the entries behind it."""
    hub = state.group(f"{operation.output}.hub", "hub", 1)
    coordinates: list[Row] = [(d.size, "place", d.stride, 0) for d in layout.axes[-1]]
    state.connect(operation, "place", coordinates, (layout.group, layout.start), (hub, 0))
    state.step(hub, f"{primitive.kind}_lookup", resolution=primitive.resolution, cells=cells)
    entries = state.group(f"{operation.output}.entries", "neuron", prod(cells))
    strides = row_major(list(cells))
    rows: list[Row] = [(n, "place", 0, step) for n, step in zip(cells, strides, strict=True)]
    state.connect(operation, "place", rows, (hub, 0), (entries, 0))
    return entries
