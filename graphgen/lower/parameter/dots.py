"""Sums of products that are spelled out: a product, item by item, that is summed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import prod

from spec import Operation
from spec.primitives import (
    Contract,
    Elementwise,
    Fixed,
    Learned,
    Reduce,
    Reshape,
    Shape,
    Slice,
    Transpose,
)
from spec.primitives.contract import LETTERS


def with_dots(
    operations: Sequence[Operation], outputs: Sequence[str], shapes: dict[str, Shape]
) -> list[Operation]:
    """Let a product of values whose sum or mean is all that is read be one operation.

    Axes of one, along which an operand is repeated, are taken out of it. The shapes of new values
    are added.
    """
    uses = Counter(name for operation in operations for name in operation.inputs)
    uses.update(outputs)
    maker = {operation.output: operation for operation in operations}
    made: list[Operation] = []
    for operation in operations:
        product = maker.get(operation.inputs[0]) if operation.inputs else None
        if product is None or not fits(operation, product, uses, maker):
            made.append(operation)
            continue
        made += dot(operation, product, shapes)
    return made


def fits(
    total: Operation, product: Operation, uses: Counter[str], maker: dict[str, Operation]
) -> bool:
    """Say whether an operation sums or averages a product of several values that are computed.

    Numbers that are fixed or learned have a node each in a product, and move one by one.
    """
    summing, kind = total.primitive, product.primitive
    return (
        isinstance(summing, Reduce)
        and summing.statistic in ("sum", "mean")
        and bool(summing.axes)
        and isinstance(kind, Elementwise)
        and kind.function == "multiply"
        and len(product.inputs) > 1
        and uses[product.output] == 1
        and not any(is_still(name, maker) for name in product.inputs)
    )


def is_still(name: str, maker: dict[str, Operation]) -> bool:
    """Say whether a value is fixed or learned, in whatever shape."""
    while name in maker and isinstance(maker[name].primitive, Reshape | Transpose | Slice):
        name = maker[name].inputs[0]
    return name in maker and isinstance(maker[name].primitive, Fixed | Learned)


def dot(total: Operation, product: Operation, shapes: dict[str, Shape]) -> list[Operation]:
    """Give the operations of one sum of products."""
    summing = total.primitive
    if not isinstance(summing, Reduce):
        raise TypeError(f"expected a Reduce, got {summing}")
    made: list[Operation] = []

    def shaped(name: str, target: Shape, output: str) -> str:
        if shapes[name] == target:
            return name
        shapes[output] = target
        made.append(Operation(Reshape(target), (name,), (), output, total.layer))
        return output

    whole = shapes[product.output]
    words, names = [], []
    for number, name in enumerate(product.inputs):
        own = [axis for axis, size in enumerate(shapes[name]) if size == whole[axis]]
        words.append("".join(LETTERS[axis] for axis in own))
        target = tuple(whole[axis] for axis in own)
        names.append(shaped(name, target, f"{total.output}:{number}"))
    left = [axis for axis in range(len(whole)) if axis not in summing.axes]
    output = "".join(LETTERS[axis] for axis in left)
    equation = Contract(f"{','.join(words)}->{output}", values=len(words))
    ends = tuple(whole[axis] for axis in left)
    result = f"{total.output}:dot"
    shapes[result] = ends
    made.append(replace(total, primitive=equation, inputs=tuple(names), output=result))
    made.append(
        Operation(Reshape(shapes[total.output]), (result,), (), f"{total.output}:sum", total.layer)
    )
    shapes[f"{total.output}:sum"] = shapes[total.output]
    count = prod(whole[axis] for axis in summing.axes) if summing.statistic == "mean" else 1
    factor = Elementwise("scale_by", (("factor", 1 / count),))
    made.append(Operation(factor, (f"{total.output}:sum",), (), total.output, total.layer))
    return made
