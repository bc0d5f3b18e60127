"""The parameter graph of products of values: product nodes, and sums of them."""

from __future__ import annotations

from math import prod

from graphgen.lower.parameter.state import Axis, Factor, Layout, Lowering, row_major
from spec import Operation
from spec.primitives import Contract


def multiply(state: Lowering, operation: Operation) -> Layout:
    """Lower the product of values item by item; its operands are alike."""
    layouts = [state.settled(operation, state.layout(name)) for name in operation.inputs]
    layout = state.copy(operation, layouts, kind="operand")
    state.step(layout.group, "multiply", operands=len(layouts))
    return layout


def product(state: Lowering, operation: Operation, primitive: Contract) -> None:
    """Lower a sum of products of values, such as the scores of attention.

    There is a product node for each item along the axes of neurons of any operand; positions are
    multiplied and summed inside it, as the step's equation says. Where an axis of neurons is
    summed, a sum node follows.
    """
    layouts = [state.settled(operation, state.layout(name)) for name in operation.inputs]
    aligned = align(state, operation, primitive, layouts)
    order = [*primitive.output, *summed_letters(primitive)]
    nodes: dict[str, Axis] = {}
    for letter in order:
        found = [axes[letter] for axes in aligned if letter in axes]
        for factors in zip(*found, strict=True):
            if len({factor.group is None for factor in factors}) > 1:
                raise state.refuse(operation, f"neurons meet positions on the axis {letter!r}")
        nodes[letter] = found[0]
    neurons = [(letter, f) for letter in order for f in nodes[letter] if f.group is not None]
    sizes = [factor.size for _, factor in neurons] or [1]
    strides = row_major(sizes)
    target = state.group(operation.output, "neuron", prod(sizes))
    for place, (layout, axes) in enumerate(zip(layouts, aligned, strict=True)):
        own = {
            letter: iter([f.stride for f in factors if f.group is not None])
            for letter, factors in axes.items()
        }
        steps = tuple(next(own[letter]) if letter in own else 0 for letter, _ in neurons) or (0,)
        state.block(
            operation, "operand", tuple(sizes), ("unit",) * len(sizes), layout.group, steps, target,
            strides, attributes=(("operand", place),), source_start=layout.start,
        )  # fmt: skip
    state.step(
        target,
        "product",
        equation=primitive.equation,
        neurons=tuple((letter, factor.size) for letter, factor in neurons),
    )
    kept = [size for (letter, _), size in zip(neurons, sizes, strict=False)
            if letter in primitive.output]  # fmt: skip
    result = target
    if len(kept) < len(neurons):
        result = state.group(f"{operation.output}.sum", "neuron", prod(kept))
        goal = row_major(kept)
        follow = iter(goal)
        ends = tuple(next(follow) if letter in primitive.output else 0 for letter, _ in neurons)
        state.block(
            operation, "sum", tuple(sizes), ("unit",) * len(sizes), target, strides, result, ends
        )
        strides = goal
    follow = iter(strides)
    axes_after = tuple(
        tuple(
            factor if factor.group is None else Factor(factor.size, result, next(follow))
            for factor in nodes[letter]
        )
        for letter in primitive.output
    )
    state.layouts[operation.output] = Layout(axes_after, result, exclusive=True)


def summed_letters(primitive: Contract) -> list[str]:
    """List the letters that are summed over, in order of first use."""
    seen = dict.fromkeys("".join(primitive.operands[: primitive.values]))
    return [letter for letter in seen if letter not in primitive.output]


def align(
    state: Lowering, operation: Operation, primitive: Contract, layouts: list[Layout]
) -> list[dict[str, Axis]]:
    """Cut the factors of each letter's axes alike in all operands."""
    aligned = [
        dict(zip(letters, layout.axes, strict=True))
        for letters, layout in zip(primitive.operands, layouts, strict=False)
    ]
    for letter in {letter for axes in aligned for letter in axes}:
        holders = [axes for axes in aligned if letter in axes]
        ends = {
            prod(f.size for f in axes[letter][place:])
            for axes in holders
            for place in range(len(axes[letter]) + 1)
        }
        for axes in holders:
            axes[letter] = cut(state, operation, axes[letter], sorted(ends))
    return aligned


def cut(state: Lowering, operation: Operation, axis: Axis, ends: list[int]) -> Axis:
    """Cut an axis such that each of `ends` is the size of its inner end."""
    result: list[Factor] = []
    inner = 1
    for factor in reversed(axis):
        rest = factor
        after = inner * factor.size
        for end in [end for end in ends if inner < end < after]:
            if end % inner or rest.size % (end // inner):
                raise state.refuse(operation, "the groupings of its operands' axes do not nest")
            rest, piece = rest.cut(end // inner)
            result.append(piece)
            inner = end
        result.append(rest)
        inner = after
    return tuple(factor for factor in reversed(result) if factor.size > 1)
