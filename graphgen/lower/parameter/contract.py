"""The parameter graph of a product with a parameter: an edge for each of its scalars."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from graphgen.lower.parameter.carried import fronted, pivoted
from graphgen.lower.parameter.layout import Axis, Digit, Layout, axis_of, joined, row_major
from graphgen.lower.parameter.product import product
from graphgen.lower.parameter.state import Lowering, Row
from graphgen.template import Attributes
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
    letters, weight = primitive.operands
    source = readable(state, operation, primitive, state.layout(operation.inputs[0]))
    axes = dict(zip(letters, source.axes, strict=True))
    sizes = dict(zip(weight, state.net.tensors[tensor].shape, strict=True))
    ours: dict[str, list[Digit]] = {
        letter: [digit for digit in axes[letter] if digit.group is not None]
        if letter in axes
        else [*axis_of(sizes[letter])]
        for letter in primitive.output
        if letter in weight
    }
    counts = [digit.size for digits in ours.values() for digit in digits]
    target = state.group(operation.layer, "neuron", prod(counts))
    strides = iter(row_major(counts))
    goals = {letter: [next(strides) for _ in digits] for letter, digits in ours.items()}
    rows: list[Row] = []
    for letter in weight:
        if letter not in axes:
            rows.append((sizes[letter], "out", 0, goals[letter][0] if goals[letter] else 0))
            continue
        role = "group" if letter in primitive.output else "in"
        follow = iter(goals.get(letter, ()))
        if not any(digit.group is not None for digit in axes[letter]):
            rows.append((1, role, 0, 0))
        for digit in axes[letter]:
            if digit.group is None:
                rows.append((digit.size, "position", 0, 0))
            else:
                goal = next(follow) if role == "group" else 0
                rows.append((digit.size, role, digit.stride, goal))
    state.connect(
        operation, "linear", rows, (source.group, source.start), (target, 0), tensor,
        attributes(primitive, source, axes),
    )  # fmt: skip
    summed = [d for letter in letters if letter not in primitive.output for d in axes[letter]]
    left = replace(source, axes=tuple(axes.values())).without(d for d in summed if d.group is None)
    axes = dict(zip(letters, left.axes, strict=True))
    result: list[Axis] = []
    for letter in primitive.output:
        if letter not in axes:
            result.append(axis_of(sizes[letter], target, *(goals[letter] or [1])))
        elif letter in weight:
            follow = iter(goals[letter])
            result.append(
                tuple(
                    d if d.group is None else Digit(d.size, target, next(follow))
                    for d in axes[letter]
                )
            )
        else:
            result.append(axes[letter])
    state.layouts[operation.output] = Layout(tuple(result), target, space=left.space)


def attributes(primitive: Contract, source: Layout, axes: dict[str, Axis]) -> Attributes:
    """Say which positions the parallel edges are, and which of them are not summed over."""
    _, weight = primitive.operands
    read = [digit for letter in weight if letter in axes for digit in axes[letter]]
    kept = [
        digit
        for letter in weight
        if letter in axes and letter in primitive.output
        for digit in axes[letter]
    ]
    apart = joined(kept)
    ready = primitive.prepared.attributes() if primitive.prepared else ()
    return (*source.part(read), *((("kept", apart),) if apart else ()), *ready)


def readable(state: Lowering, operation: Operation, primitive: Contract, layout: Layout) -> Layout:
    """Let the computing group hold the neurons that a product reads, and no others.

    Where it reads only positions of neurons, these become nodes.
    """
    letters, weight = primitive.operands
    read = [axis for axis, letter in enumerate(letters) if letter in weight]
    if any(digit.group is not None for axis in read for digit in layout.axes[axis]):
        return fronted(state, operation, layout, read)
    return pivoted(state, operation, layout, read) if layout.own else layout
