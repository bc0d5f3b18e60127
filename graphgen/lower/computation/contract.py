"""The computation graph of products: an edge for each use of a parameter, and product nodes."""

from __future__ import annotations

from graphgen.lower.computation.state import Lowering, Row, row_major
from spec import Operation
from spec.primitives import Contract


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a sum of products: one block over all letters of the equation.

    Values are multiplied first, in a product node for each combination of their letters.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Contract):
        raise TypeError(f"expected a Contract, got {primitive}")
    if len(operation.parameters) > 1:
        raise state.refuse(operation, "it multiplies several parameters")
    values = [state.value(name) for name in operation.inputs]
    letters = list(primitive.operands[: len(values)])
    weight = primitive.operands[len(values)] if operation.parameters else ""
    sizes: dict[str, int] = {}
    for word, items in zip(letters, values, strict=True):
        sizes.update(zip(word, items.shape, strict=True))
    source, word = values[0], letters[0]
    if len(values) > 1:
        summed = [letter for letter in sizes if letter not in primitive.output]
        word = "".join([letter for letter in primitive.output if letter in sizes] + summed)
        source = state.nodes(f"{operation.output}.product", "product", [sizes[c] for c in word])
        for own, items in zip(letters, values, strict=True):
            strides = dict(zip(own, items.strides, strict=True))
            rows = [
                (sizes[letter], strides.get(letter, 0), goal, 0)
                for letter, goal in zip(word, source.strides, strict=True)
            ]
            state.connect(operation, "operand", items, source, rows)
    if word == primitive.output and not weight and len(values) > 1:
        state.items[operation.output] = source
        return
    tensor = operation.parameters[0] if weight else None
    shape = state.net.tensors[tensor].shape if tensor else ()
    sizes.update(zip(weight, shape, strict=True))
    target = state.nodes(operation.output, "sum", [sizes[letter] for letter in primitive.output])
    from_source = dict(zip(word, source.strides, strict=True))
    to_target = dict(zip(primitive.output, target.strides, strict=True))
    in_weight = dict(zip(weight, row_major(shape), strict=True))
    order = [*primitive.output, *(letter for letter in sizes if letter not in primitive.output)]
    rows_all: list[Row] = [
        (sizes[c], from_source.get(c, 0), to_target.get(c, 0), in_weight.get(c, 0)) for c in order
    ]
    ready = primitive.prepared.attributes() if primitive.prepared else ()
    kind = "linear" if tensor else "sum"
    state.connect(operation, kind, source, target, rows_all, tensor, attributes=ready)
    state.items[operation.output] = target
