"""The parameter graph of a lookup: entry nodes that carry their coefficient, and their features."""

from __future__ import annotations

from graphgen.lower.parameter.state import Factor, Layout, Lowering, row_major
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
    (tensor,) = operation.parameters
    shape = state.net.tensors[tensor].shape
    layout = state.settled(operation, state.layout(operation.inputs[0]))
    features = shape[0] if primitive.kind == "grid" else shape[1]
    cells = shape[1:] if primitive.kind == "grid" else shape[:1]
    if primitive.kind == "table":
        entries = layout.group
        if state.groups[entries].kind != "input" or state.groups[entries].size != shape[0]:
            raise state.refuse(
                operation, f"its indices are not an input with {shape[0]} entries of its own"
            )
        kept = layout.axes
    else:
        entries = places(state, operation, primitive, layout, cells)
        kept = layout.axes[:-1]
    target = state.group(operation.layer, "neuron", features)
    inwards = [
        ("in", size, step, 0) for size, step in zip(cells, row_major(list(cells)), strict=True)
    ]
    outwards = ("out", features, 0, 1)
    rows = [outwards, *inwards] if primitive.kind == "grid" else [*inwards, outwards]
    axes, sizes, source, goal = zip(*rows, strict=True)
    state.block(operation, "table", sizes, axes, entries, source, target, goal, tensor)
    state.layouts[operation.output] = Layout((*kept, (Factor(features, target),)), target, True)


def places(
    state: Lowering, operation: Operation, primitive: Lookup, layout: Layout, cells: tuple[int, ...]
) -> int:
    """Add the hub that the coordinates lead to, and the entries behind it."""
    coordinates = layout.axes[-1]
    if any(factor.group is None for factor in coordinates if factor.size > 1):
        raise state.refuse(operation, "its coordinates are not neurons")
    hub = state.group(f"{operation.output}.hub", "hub", 1)
    sizes = tuple(factor.size for factor in coordinates)
    state.block(
        operation, "place", sizes, ("place",) * len(sizes), layout.group,
        tuple(factor.stride for factor in coordinates), hub, (0,) * len(sizes),
        source_start=layout.start,
    )  # fmt: skip
    state.step(hub, f"{primitive.kind}_lookup", resolution=primitive.resolution, cells=cells)
    strides = row_major(list(cells))
    entries = state.group(f"{operation.output}.entries", "neuron", strides[0] * cells[0])
    state.block(
        operation, "place", cells, ("place",) * len(cells), hub, (0,) * len(cells), entries, strides
    )
    return entries
