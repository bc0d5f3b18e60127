"""The computation graph of a reshape: nothing, where strides can say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from graphgen.lower.computation.state import Lowering, row_major
from spec import Operation
from spec.primitives import Reshape


def lower(state: Lowering, operation: Operation) -> None:
    """Give the items their new shape; where no strides lead through them in order, copy them."""
    primitive = operation.primitive
    if not isinstance(primitive, Reshape):
        raise TypeError(f"expected a Reshape, got {primitive}")
    items = state.value(operation.inputs[0])
    target = (*primitive.target, *state.entries(operation.inputs[0]))
    strides = view_strides(items.shape, items.strides, target)
    if strides is None:
        items = state.copy(operation, items)
        strides = row_major(target)
    state.items[operation.output] = replace(items, shape=target, strides=strides)


def view_strides(
    shape: Sequence[int], strides: Sequence[int], target: Sequence[int]
) -> tuple[int, ...] | None:
    """Give the strides that view items in another shape, in the same order; None if none do.

    >>> view_strides((4, 6), (6, 1), (2, 2, 6)), view_strides((4, 6), (1, 4), (24,))
    ((12, 6, 1), None)
    """
    old = [(n, s) for n, s in zip(shape, strides, strict=True) if n > 1]
    merged: list[tuple[int, int]] = []
    for size, stride in old:
        if merged and merged[-1][1] == stride * size:
            merged[-1] = (merged[-1][0] * size, stride)
        else:
            merged.append((size, stride))
    result: list[int] = []
    left, step = 1, 0
    for size in reversed(target):
        if size == 1:
            result.append(0)
            continue
        if left == 1:
            left, step = merged.pop()
        if left % size:
            return None
        result.append(step)
        left, step = left // size, step * size
    if left != 1 or merged or prod(target) != prod(shape):
        return None
    return tuple(reversed(result))
