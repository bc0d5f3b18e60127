"""The parameter graph of a learned value: edges from a node of its own, as a bias has."""

from __future__ import annotations

from math import prod

from graphgen.lower.parameter.layout import Axis, Layout, axis_of, born, row_major
from graphgen.lower.parameter.state import Lowering, Row
from spec import Operation
from spec.primitives import Elementwise, Fixed, Learned, Slice, Take


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a parameter that is a value: once something other than a sum or a product reads it.

    To add a learned value to another is to add a bias to it, along all of its axes.
    """
    if not isinstance(operation.primitive, Learned):
        raise TypeError(f"expected a Learned, got {operation.primitive}")
    state.waiting[operation.output] = operation


def placed(state: Lowering, operation: Operation) -> Layout:
    """Give a learned value a node for each index of its last axis, and one for each other index.

    All are neurons: learned queries, say, may be exchanged. Axes of which a part is read, as of a
    table of positions for longer sequences, are positions.
    """
    (tensor,) = operation.parameters
    *outer, last = state.net.tensors[tensor].shape or (1,)
    cut = {
        other.primitive.axis
        for other in state.operations
        if isinstance(other.primitive, Slice | Take)
        and operation.output in other.inputs
        and reads_a_part(other.primitive, state.net.tensors[tensor].shape)
    }
    free = [size for axis, size in enumerate(outer) if axis not in cut]
    own = state.group(f"{operation.layer}.learned", "learned", prod(free))
    target = state.group(operation.output, "neuron", last)
    strides = iter(row_major(free))
    rows: list[Row] = []
    axes: list[Axis] = []
    for axis, size in enumerate(outer):
        step = 0 if axis in cut else next(strides)
        rows.append((size, "position" if axis in cut else "unit", step, 0))
        axes.append(axis_of(size, None if axis in cut else own, step))
    rows.append((last, "unit", 0, 1))
    axes.append(axis_of(last, target))
    state.connect(operation, "learned", rows, (own, 0), (target, 0), tensor)
    return born(axes[: len(state.shapes[operation.output])], target)


def reads_a_part(primitive: Slice | Take, shape: tuple[int, ...]) -> bool:
    """Whether items along the axis of a learned value are never read."""
    if isinstance(primitive, Slice) or primitive.axis >= len(shape):
        return True
    return not set(range(shape[primitive.axis])) <= set(primitive.indices)


def place_read(state: Lowering, operation: Operation) -> None:
    """Place the learned values that an operation reads otherwise than `beside` another."""
    if state.waiting and beside(state, operation) is None:
        for name in operation.inputs:
            if name in state.waiting:
                state.layouts[name] = placed(state, state.waiting.pop(name))


def beside(state: Lowering, operation: Operation) -> tuple[str, str] | None:
    """Give the value that a learned one is added to or multiplied with, and the tensor of that.

    None where there are others, or that is fixed, or the learned value is larger.
    """
    primitive, shapes = operation.primitive, state.shapes
    if not isinstance(primitive, Elementwise) or len(operation.inputs) != 2:
        return None
    if primitive.function not in ("add", "multiply"):
        return None
    for learned, value in (operation.inputs, operation.inputs[::-1]):
        whole = shapes[value] == shapes[operation.output] and value not in state.waiting
        if learned in state.waiting and whole and alone_beside(state, learned):
            return value, state.waiting[learned].parameters[0]
    return None


def alone_beside(state: Lowering, learned: str) -> bool:
    """Whether all that reads a learned value adds or multiplies it, each time to a whole value.

    One of these, at least, has neurons of its own, which a fixed value has not.
    """
    if learned in state.outputs:
        return False
    others = []
    for reader in state.readers[learned]:
        primitive = reader.primitive
        several = [name for name in reader.inputs if name != learned]
        if not isinstance(primitive, Elementwise) or len(reader.inputs) != 2:
            return False
        whole = [state.shapes[name] == state.shapes[reader.output] for name in several]
        if primitive.function not in ("add", "multiply") or whole != [True]:
            return False
        others += several
    made = [state.makers.get(name) for name in others]
    return Learned not in made and any(maker is not Fixed for maker in made)
