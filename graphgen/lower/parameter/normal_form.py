"""The normal form of a network's operations: without what is undone, nested, or done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from graphgen.lower.parameter.by_tensor import without_learned
from graphgen.lower.parameter.dots import with_dots
from graphgen.lower.parameter.factors import with_late_factors
from graphgen.lower.parameter.folding import folded
from graphgen.lower.parameter.operations import changed
from graphgen.lower.parameter.pools import whole_axes
from graphgen.lower.parameter.turns import with_late_turns
from spec import Architecture, Operation
from spec.primitives import (
    Concat,
    Elementwise,
    Fixed,
    Learned,
    Primitive,
    Reduce,
    Reshape,
    Shape,
    Transpose,
)
from spec.primitives.elementwise import NESTED as NESTED_FUNCTIONS

NESTED = (Concat, Elementwise, Reduce)


def normal_form(
    net: Architecture,
) -> tuple[tuple[Operation, ...], tuple[str, ...], Mapping[str, Shape]]:
    """Give operations that compute the same outputs, whose spelling plays no part.

    Gives the outputs, too, and the shapes of all values.

    `add(add(a, b), c)` is `add(a, b, c)`, whose alike operands may all be exchanged; reshapes and
    transpositions that follow one another are one, and none if they lead back; what is computed of
    the same values by the same parameters is computed once; what multiplies by a learned value, or
    adds one, does so by its tensor; transpositions and constant factors come as late as can be.
    """
    shapes = dict(net.shapes)
    operations, outputs = without_moves(net.operations, net.outputs, shapes)
    for _ in range(2):
        late = with_late_turns(operations, outputs, shapes)
        late = with_late_factors(late, outputs, shapes)
        moved, ends = without_moves(late, outputs, shapes)
        dotted = with_dots(moved, ends, shapes)
        if operations == late == moved == dotted and outputs == ends:
            break
        operations, outputs = dotted, ends
    else:
        operations, outputs = without_moves(operations, outputs, shapes)
    net = replace(net, shapes=shapes)
    return fused(net, without_learned(net, operations, outputs), outputs), outputs, shapes


def without_moves(
    operations: Sequence[Operation], outputs: tuple[str, ...], shapes: Mapping[str, Shape]
) -> tuple[list[Operation], tuple[str, ...]]:
    """Join reshapes and transpositions; leave out what gives a value as it is, or once more."""
    same: dict[str, str] = {}
    first: dict[object, str] = {}
    made: dict[str, Operation] = {}
    for operation in operations:
        inputs = operation.inputs
        if same and not same.keys().isdisjoint(inputs):
            inputs = tuple(same.get(name, name) for name in inputs)
        primitive = operation.primitive
        if inputs and isinstance(primitive, Reduce):
            primitive = whole_axes(primitive, shapes[inputs[0]], shapes[operation.output])
        if isinstance(primitive, (Learned, Fixed)):
            inputs = ()  # which only said how many samples there are
        before = made.get(inputs[0]) if inputs else None
        whole = False
        if isinstance(primitive, Reshape):
            if before is not None and isinstance(before.primitive, Reshape):
                inputs = before.inputs
            whole = shapes[inputs[0]] == primitive.target
        elif isinstance(primitive, Transpose):
            if before is not None and isinstance(before.primitive, Transpose):
                order = before.primitive.order
                primitive = Transpose(tuple(order[axis] for axis in primitive.order))
                inputs = before.inputs
            whole = primitive.order == tuple(range(len(primitive.order)))
        elif isinstance(primitive, Elementwise):
            whole = primitive.function == "dropout"
        if whole:
            same[operation.output] = inputs[0]
            continue
        if not operation.parameters:
            told = folded(primitive, [made.get(name) for name in inputs])
            if told is not None:
                primitive, inputs = told, ()
        what = primitive, inputs, operation.parameters
        computed = first.setdefault(what, operation.output)
        if computed != operation.output:
            same[operation.output] = computed
        else:
            made[operation.output] = changed(operation, primitive, inputs)
    outputs = tuple(same.get(name, name) for name in outputs)
    read = set(outputs)
    kept: list[Operation] = []
    for operation in reversed(made.values()):
        moves = isinstance(operation.primitive, (Reshape, Transpose))
        if operation.output in read or not moves:
            read.update(operation.inputs)
            kept.append(operation)
    return kept[::-1], outputs


def fused(
    net: Architecture, operations: Sequence[Operation], outputs: Sequence[str]
) -> tuple[Operation, ...]:
    """Let an operation that only a like one reads become a part of that."""
    uses = Counter(name for operation in operations for name in operation.inputs)
    uses.update(outputs)
    learned = {o.output for o in operations if isinstance(o.primitive, Learned)}
    made: dict[str, Operation] = {}
    for operation in operations:
        primitive, inputs = operation.primitive, list[str]()
        for name in operation.inputs if isinstance(primitive, NESTED) else ():
            inner = made.get(name)
            joined = None
            if inner is not None and uses[name] == 1 and learned.isdisjoint(inner.inputs):
                joined = one_of(net, operation, inner)
            if inner is None or joined is None or not learned.isdisjoint(operation.inputs):
                inputs.append(name)
            else:
                primitive = joined
                inputs += inner.inputs
                del made[name]
        made[operation.output] = changed(operation, primitive, inputs or operation.inputs)
    return tuple(made.values())


def one_of(net: Architecture, outer: Operation, inner: Operation) -> Primitive | None:
    """Give the one primitive that two are, of which the outer reads the inner; None if none is."""
    first, second = outer.primitive, inner.primitive
    if outer.parameters or inner.parameters:
        return None
    if isinstance(first, Elementwise):
        several = len(outer.inputs) > 1 and len(inner.inputs) > 1
        return first if first == second and several and first.function in NESTED_FUNCTIONS else None
    if isinstance(first, Concat):
        return first if first == second else None
    if isinstance(first, Reduce) and isinstance(second, Reduce):
        alike = (first.statistic, first.keepdim) == (second.statistic, second.keepdim)
        alike = alike and first.statistic != "kthvalue"
        if alike and first.axes and second.axes:
            rank = len(net.shapes[inner.inputs[0]])
            kept = [a for a in range(rank) if first.keepdim or a not in second.axes]
            axes = {*second.axes, *(kept[axis] for axis in first.axes)}
            return replace(first, axes=tuple(sorted(axes)))
    return None
