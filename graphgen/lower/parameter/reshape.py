"""The parameter graph of a reshape: the digits of the axes are cut, joined and regrouped."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import prod

from graphgen.lower.parameter.layout import (
    Axis,
    Digit,
    Layout,
    cut_at,
    inner_ends,
    neighbours,
    simplified,
)
from graphgen.lower.parameter.spread import NEURONS, reborn, spread
from graphgen.lower.parameter.state import Lowering
from spec import Operation
from spec.primitives import Reshape


def lower(state: Lowering, operation: Operation) -> None:
    """Give each new axis the digits that lie in it, in order; nodes stay where they are.

    Where an axis ends within the items of a digit, the digits around become one: by themselves if
    they are neighbours, else positions that are numbered anew, or neurons.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Reshape):
        raise TypeError(f"expected a Reshape, got {primitive}")
    layout = state.layout(operation.inputs[0])
    while True:
        axes, flat = regular(layout, primitive.target)
        if axes is not None:
            state.layouts[operation.output] = replace(layout, axes=axes)
            return
        first, last = obstacle(flat, primitive.target)
        run = flat[first:last]
        parts = replace(layout, axes=(flat[:first], run, flat[last:]))
        if all(digit.group is None for digit in run):
            layout = reborn(state, operation, parts)
        else:
            layout = spread(state, operation, parts, {1: NEURONS}, single={1})


def regular(layout: Layout, target: tuple[int, ...]) -> tuple[tuple[Axis, ...] | None, Axis]:
    """Cut digits into axes, joining those that are one which was cut; None where that fails.

    Gives the digits, too, as they were when it failed.
    """
    flat = simplified(tuple(layout.digits), layout.space)
    while True:
        axes = regrouped(flat, target, layout.space)
        if axes is not None:
            return axes, flat
        first, last = obstacle(flat, target)
        whole = joined_run(flat[first:last])
        if whole is None:
            return None, flat
        flat = (*flat[:first], whole, *flat[last:])


def regrouped(
    flat: Axis, target: tuple[int, ...], space: tuple[int, ...]
) -> tuple[Axis, ...] | None:
    """Cut digits that lie one behind the other into axes; None where the cuts do not nest."""
    rest, axes = flat, []
    for size in reversed(target):
        found = cut_at(rest, size)
        if found is None:
            return None
        rest, axis = found
        axes.append(simplified(axis, space))
    return tuple(reversed(axes))


def obstacle(flat: Axis, target: tuple[int, ...]) -> tuple[int, int]:
    """Find the fewest neighbouring digits that, as one, can be cut at all ends within them."""
    ends = {prod(target[place:]) for place in range(len(target) + 1)}
    cuts = sorted(inner_ends(flat))
    runs = [
        (low, high)
        for low in cuts
        for high in cuts
        if low < high
        and all(end % low == 0 and high % end == 0 for end in ends if low < end < high)
        and any(
            cut_at((Digit(b // a),), end // a) is None if end % a == 0 else True
            for a, b in pairwise(cuts)
            if low <= a and b <= high
            for end in ends
            if a < end < b
        )
    ]
    low, high = min(runs, key=lambda run: (run[1] // run[0], run))
    count = len(flat)
    return count - cuts.index(high), count - cuts.index(low)


def joined_run(run: Axis) -> Digit | None:
    """Join digits that are one which was cut."""
    if any(not neighbours(a, b) for a, b in pairwise(run)):
        return None
    return Digit(prod(digit.size for digit in run), run[-1].group, run[-1].stride)
