"""The computation graph of elementwise functions: steps, weighted edges, sums and products."""

from __future__ import annotations

from graphgen.evaluate.elementwise import visible
from graphgen.lower.computation.state import Items, Lowering
from spec import Operation
from spec.primitives import Elementwise

COMBINED = {"add": "sum", "multiply": "product", "maximum": "max", "where": "where"}


def lower(state: Lowering, operation: Operation) -> None:
    """Lower an elementwise function.

    A pointwise one is a step of the nodes that nothing else reads, or of nodes of its own. A
    parameter that is added comes from a constant node; one that multiplies is the weight of an edge
    for each item. `dropout` leaves no trace.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Elementwise):
        raise TypeError(f"expected an Elementwise, got {primitive}")
    function = primitive.function
    first = operation.inputs[0]
    if function == "dropout":
        items = state.value(first)
    elif len(operation.inputs) > 1:
        items = combine(state, operation, COMBINED[function])
    elif function == "band_mask":
        items = masked(state, operation)
    elif not operation.parameters:
        items = state.own(operation, first)
        state.step(items.group, function, **dict(primitive.arguments))
    else:
        (tensor,) = operation.parameters
        source = state.value(first)
        axis = None if primitive.axis is None else primitive.parameter_start(len(source.shape))
        if function == "add":
            items = state.own(operation, first, "sum")
            state.parameter(operation, "bias", items, tensor, axis)
        elif function == "multiply":
            items = state.nodes(operation.output, "sum", source.shape)
            state.parameter(operation, "scale", items, tensor, axis, source)
        else:
            items = state.copy(operation, source, function)
            state.parameter(operation, "slope", items, tensor, axis)
    state.items[operation.output] = items


def combine(state: Lowering, operation: Operation, kind: str) -> Items:
    """Add or multiply values item by item."""
    target = state.nodes(operation.output, kind, state.net.shapes[operation.output])
    for number, name in enumerate(operation.inputs):
        word = {"product": "operand", "where": "choice"}.get(kind, "identity")
        told = (("operand", number),) if kind == "where" else ()
        state.identity(operation, state.value(name), target, word, attributes=told)
    return target


def masked(state: Lowering, operation: Operation) -> Items:
    """Keep what a mask shows; the other nodes get no message, and are minus infinity."""
    source = state.value(operation.inputs[0])
    target = state.nodes(operation.output, "masked", source.shape)
    rank = len(source.shape)
    if not isinstance(operation.primitive, Elementwise):
        raise TypeError(f"expected an Elementwise, got {operation.primitive}")
    limits = dict(operation.primitive.arguments)
    for row, seen in enumerate(visible(*source.shape[-2:], **limits)):
        if seen.any():
            first, count = int(seen.argmax()), int(seen.sum())
            ends = [
                items.axis(rank - 2, 1, row, 0).axis(rank - 1, count, first, 1)
                for items in (source, target)
            ]
            state.identity(operation, ends[0], ends[1])
    return target
