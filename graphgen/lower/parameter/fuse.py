"""Nested sums, products, concatenations and reductions as one: spelling plays no part."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from spec import Architecture, Operation
from spec.primitives import Concat, Elementwise, Learned, Primitive, Reduce


def fused(net: Architecture) -> tuple[Operation, ...]:
    """Give the operations of a network; one that only a like one reads becomes a part of that.

    `add(add(a, b), c)` is `add(a, b, c)`, whose alike operands may all be exchanged.
    """
    uses = Counter(name for operation in net.operations for name in operation.inputs)
    uses.update(net.outputs)
    learned = {o.output for o in net.operations if isinstance(o.primitive, Learned)}
    made: dict[str, Operation] = {}
    for operation in net.operations:
        primitive, inputs = operation.primitive, []
        for name in operation.inputs:
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
        made[operation.output] = replace(operation, primitive=primitive, inputs=tuple(inputs))
    return tuple(made.values())


def one_of(net: Architecture, outer: Operation, inner: Operation) -> Primitive | None:
    """Give the one primitive that two are, of which the outer reads the inner; None if none is."""
    first, second = outer.primitive, inner.primitive
    if outer.parameters or inner.parameters:
        return None
    if isinstance(first, Elementwise):
        several = len(outer.inputs) > 1 and len(inner.inputs) > 1
        return first if first == second and several else None
    if isinstance(first, Concat):
        return first if first == second else None
    if isinstance(first, Reduce) and isinstance(second, Reduce):
        alike = (first.statistic, first.keepdim) == (second.statistic, second.keepdim)
        if alike and first.axes and second.axes:
            rank = len(net.shapes[inner.inputs[0]])
            kept = [a for a in range(rank) if first.keepdim or a not in second.axes]
            axes = {*second.axes, *(kept[axis] for axis in first.axes)}
            return replace(first, axes=tuple(sorted(axes)))
    return None
