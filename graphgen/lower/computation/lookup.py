"""The computation graph of a lookup: the coefficient of each entry, and a sum of their features."""

from __future__ import annotations

from dataclasses import replace

from graphgen.lower.computation.state import Items, Lowering, Row, row_major
from spec import Operation
from spec.primitives import Lookup


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a lookup: edges from the coefficients of all entries to the features.

    The coefficients of a table are the input itself, a node for each possible index. Those of a
    grid or a hash table are nodes that all coordinates of a place lead to.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Lookup):
        raise TypeError(f"expected a Lookup, got {primitive}")
    if primitive.kind == "one_hot":
        one_hot(state, operation, primitive)
        return
    (tensor,) = operation.parameters
    shape = state.net.tensors[tensor].shape
    source = state.value(operation.inputs[0])
    grid = primitive.kind in ("grid", "columns")
    cells = shape[1:] if grid else shape[:1]
    if not primitive.is_table:
        source = coefficients(state, operation, primitive, source, cells)
    target = state.nodes(operation.output, "sum", state.net.shapes[operation.output])
    inside = row_major(shape)
    features: Row = (target.shape[-1], 0, target.strides[-1], inside[0] if grid else inside[1])
    kept = len(target.shape) - 1
    rows: list[Row] = [
        (size, source.strides[axis], target.strides[axis], 0)
        for axis, size in enumerate(target.shape[:-1])
    ]
    entries = [
        (size, source.strides[kept + axis], 0, inside[axis + grid])
        for axis, size in enumerate(cells)
    ]
    ready = primitive.prepared.attributes() if primitive.prepared else ()
    state.connect(
        operation, "table", source, target, [*rows, features, *entries], tensor, attributes=ready
    )
    state.items[operation.output] = target


def one_hot(state: Lowering, operation: Operation, primitive: Lookup) -> None:
    """Give the nodes of an index, one for each that it may be; what it cannot be is 0."""
    source = state.value(operation.inputs[0])
    if not state.entries(operation.inputs[0]):
        raise state.refuse(operation, "its indices are no input")
    held, last = source.shape[-1], len(source.shape) - 1
    items = replace(source.axis(last, min(held, primitive.resolution), 0, 1), exclusive=False)
    if held < primitive.resolution:
        items = state.nodes(operation.output, "sum", state.net.shapes[operation.output])
        state.identity(operation, source, items.axis(last, held, 0, 1))
    state.items[operation.output] = items


def coefficients(
    state: Lowering, operation: Operation, primitive: Lookup, source: Items, cells: tuple[int, ...]
) -> Items:
    """Add the nodes of the coefficients; edges tell their places and the coordinates apart."""
    points = source.shape[:-1]
    target = state.nodes(
        f"{operation.output}.coefficients",
        "coefficient",
        (*points, *cells),
        (
            ("lookup", primitive.kind),
            ("resolution", primitive.resolution),
            ("cells", cells),
            ("coordinates", source.shape[-1]),
        ),
    )
    rows: list[Row] = [
        (size, source.strides[axis], target.strides[axis], 0) for axis, size in enumerate(points)
    ]
    rows += [(size, 0, target.strides[len(points) + axis], 0) for axis, size in enumerate(cells)]
    rows.append((source.shape[-1], source.strides[-1], 0, 0))
    roles = ("unit",) * len(points) + ("place",) * (len(cells) + 1)
    state.connect(operation, "place", source, target, rows, roles=roles)
    return target
