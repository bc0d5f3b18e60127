"""The extent of a computation graph, bounded before any work: it has a node for every item."""

from __future__ import annotations

from math import prod

from graphgen.errors import GraphError
from spec import Architecture, Operation
from spec.primitives import Reduce, Resample, Take, Window

MAX_NODES, MAX_SCALARS, MAX_PAIRS, MAX_BLOCKS = 2**32, 2**27, 10**7, 10**6
"""Of the graph; of one tensor; of positions that windows pair; and of the blocks for them."""


def check_extent(net: Architecture) -> None:
    """Raise `GraphError` for an architecture whose computation graph is beyond memory or time."""
    for name, tensor in net.tensors.items():
        refuse(f"tensor {name!r}", "scalars", prod(tensor.shape), MAX_SCALARS)
    nodes = sum(prod(shape) for shape in net.shapes.values())
    refuse("the values", "items, each a node,", nodes, MAX_NODES)
    pairs = blocks = 0
    for operation in net.operations:
        own_pairs, own_blocks = paired(net, operation)
        pairs, blocks = pairs + own_pairs, blocks + own_blocks
        refuse(f"layer {operation.layer!r}", "pairs of positions", pairs, MAX_PAIRS)
        refuse(f"layer {operation.layer!r}", "blocks of edges", blocks, MAX_BLOCKS)


def paired(net: Architecture, operation: Operation) -> tuple[int, int]:
    """Count the pairs of positions that an operation lists, and the blocks that come of them."""
    primitive = operation.primitive
    inputs, outputs = net.shapes[operation.inputs[0]][1:], net.shapes[operation.output][1:]
    if isinstance(primitive, Window):
        shape = net.tensors[operation.parameters[0]].shape
        taps = prod(shape[2:]) * max(1, primitive.orientations)
        return taps * sum(outputs), taps
    if isinstance(primitive, Reduce) and not primitive.axes:
        kernel = primitive.kernel_size or tuple(
            before // after + 2 for before, after in zip(inputs, outputs, strict=True)
        )
        return sum(k * after for k, after in zip(kernel, outputs, strict=True)), prod(kernel)
    if isinstance(primitive, Resample):
        even = all(after % before == 0 for before, after in zip(inputs, outputs, strict=True))
        taps = 4 if primitive.mode == "cubic" else 2
        return taps * sum(outputs), prod(inputs if even else outputs)
    if isinstance(primitive, Take):
        return primitive.count, len(primitive.runs)
    return 0, 0


def refuse(place: str, what: str, count: int, most: int) -> None:
    """Raise `GraphError` for more than there may be."""
    if count > most:
        raise GraphError(
            f"{place}: got {count} {what} for a computation graph, expected at most {most}; take "
            'smaller sizes, or the parameter graph (`kind="parameter"`)'
        )
