"""The computation graph of a fixed value: edges with its numbers from a constant node."""

from __future__ import annotations

from graphgen.evaluate.fixed import fixed_numbers
from graphgen.lower.computation.state import Lowering, Row, row_major
from spec import Operation
from spec.primitives import Fixed


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a fixed value: an edge to each item; one along all axes where all numbers are one."""
    primitive = operation.primitive
    if not isinstance(primitive, Fixed):
        raise TypeError(f"expected a Fixed, got {primitive}")
    target = state.nodes(operation.output, "sum", primitive.sizes)
    own = state.nodes(f"{operation.output}.fixed", "constant", (1,))
    one = primitive.formula == "numbers" and len(primitive.numbers) == 1
    inside = (0,) * len(target.shape) if one else row_major(target.shape)
    rows: list[Row] = [
        (size, 0, goal, step)
        for size, goal, step in zip(target.shape, target.strides, inside, strict=True)
    ]
    numbers = fixed_numbers(primitive).reshape(-1)[: 1 if one else None]
    state.connect(operation, "fixed", own, target, rows, coefficients=numbers.tolist())
    state.items[operation.output] = target
