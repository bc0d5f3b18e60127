"""The parameter graph of products: with a parameter edges, among values product nodes."""

from __future__ import annotations

from graphgen.lower.parameter.multiply import product
from graphgen.lower.parameter.state import Axis, Factor, Layout, Lowering, row_major
from spec import Operation
from spec.primitives import Contract


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a sum of products of one value and one parameter, or of values alone."""
    primitive = operation.primitive
    if not isinstance(primitive, Contract):
        raise TypeError(f"expected a Contract, got {primitive}")
    if primitive.values > 1 and not operation.parameters:
        product(state, operation, primitive)
    elif primitive.values == 1 and len(operation.parameters) == 1:
        weighted(state, operation, primitive)
    else:
        raise state.refuse(operation, "several values and a parameter: multiply the values first")


def weighted(state: Lowering, operation: Operation, primitive: Contract) -> None:
    """Lower a product with a parameter: an edge from each input neuron to each output neuron.

    Where a summed axis was flattened from neurons and positions, each position is a parallel edge:

        shape (out, channels, y, x)   source strides (0, 1, 0, 0)   target strides (1, 0, 0, 0)
    """
    (tensor,) = operation.parameters
    source = state.layout(operation.inputs[0])
    letters, weight = primitive.operands
    axes = dict(zip(letters, source.axes, strict=True))
    summed = [letter for letter in letters if letter not in primitive.output]
    if {f.group for letter in summed for f in axes[letter]} - {None} != {source.group}:
        source = state.settled(operation, source)
        axes = dict(zip(letters, source.axes, strict=True))
        if not any(f.group is not None for letter in summed for f in axes[letter]):
            source, axes = pivot(state, operation, source, axes, summed)
    sizes = dict(zip(weight, state.net.tensors[tensor].shape, strict=True))
    new: dict[str, Axis] = {}
    for letter in primitive.output:
        if letter not in axes:
            new[letter] = (Factor(sizes[letter], -1),)
        elif letter in weight:
            new[letter] = axes[letter]
        elif all(factor.size == 1 for factor in axes[letter]):
            axes[letter] = (Factor(1),)
        elif any(factor.group == source.group for factor in axes[letter]):
            raise state.refuse(operation, f"neurons lie on the axis {letter!r} too")
    ours = [f for axis in new.values() for f in axis if f.group is not None]
    strides = iter(row_major([factor.size for factor in ours]))
    group_size = 1
    for factor in ours:
        group_size *= factor.size
    target = state.group(operation.layer, "neuron", group_size)
    placed = {
        letter: tuple(
            factor if factor.group is None else Factor(factor.size, target, next(strides))
            for factor in axis
        )
        for letter, axis in new.items()
    }
    rows: list[tuple[int, str, int, int]] = []
    for letter in weight:
        before = axes.get(letter, placed.get(letter, ()))
        after = placed.get(letter, before)
        for old, now in zip(before, after, strict=True):
            if old.group is None:
                rows.append((old.size, "position", 0, 0))
            elif letter not in axes:
                rows.append((now.size, "out", 0, now.stride))
            elif letter in summed:
                rows.append((old.size, "in", old.stride, 0))
            else:
                rows.append((old.size, "group", old.stride, now.stride))
    if not rows:
        rows = [(1, "position", 0, 0)]
    shape, roles, source_strides, target_strides = zip(*rows, strict=True)
    state.block(
        operation, "linear", shape, roles, source.group, source_strides, target, target_strides,
        tensor, source_start=source.start,
    )  # fmt: skip
    result = tuple(placed.get(letter, axes.get(letter, ())) for letter in primitive.output)
    state.layouts[operation.output] = Layout(result, target, exclusive=True)


def pivot(
    state: Lowering,
    operation: Operation,
    source: Layout,
    axes: dict[str, Axis],
    summed: list[str],
) -> tuple[Layout, dict[str, Axis]]:
    """Give the positions that are summed over nodes of their own, told apart by their places.

    The neurons of the other axes are carried along.
    """
    axes = {**axes, **{letter: axes[letter] or (Factor(1),) for letter in summed}}
    sizes = [factor.size for letter in summed for factor in axes[letter]]
    strides = row_major(sizes)
    hub = state.group(f"{operation.output}.hub", "hub", 1)
    places = state.group(f"{operation.output}.positions", "neuron", strides[0] * sizes[0])
    neurons = source.neurons
    state.block(
        operation,
        "hub",
        tuple(factor.size for factor in neurons),
        ("unit",) * len(neurons),
        source.group,
        tuple(factor.stride for factor in neurons),
        hub,
        (0,) * len(neurons),
        source_start=source.start,
    )
    state.block(
        operation, "place", tuple(sizes), ("place",) * len(sizes), hub, (0,) * len(sizes), places,
        strides,
    )  # fmt: skip
    follow = iter(strides)
    moved = {
        letter: tuple(Factor(factor.size, places, next(follow)) for factor in axes[letter])
        for letter in summed
    }
    axes = {**axes, **moved}
    if source.start:
        raise state.refuse(operation, "it sums over positions of a part of a group of neurons")
    return Layout(tuple(axes.values()), places, exclusive=False), axes
