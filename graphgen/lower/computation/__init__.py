"""The lowering to a computation graph: a node for each item of a value, an edge for each use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from graphgen.lower.computation import (
    concat,
    contract,
    elementwise,
    fixed,
    learned,
    lookup,
    normalise,
    recurrence,
    reduce,
    resample,
    reshape,
    rotary,
    scan,
    sinusoid,
    slice,
    take,
    transpose,
    window,
)
from graphgen.lower.computation.extent import check_extent
from graphgen.lower.computation.state import Lowering
from graphgen.template import Template
from spec import Architecture, Operation
from spec.primitives import (
    Concat,
    Contract,
    Elementwise,
    Fixed,
    Learned,
    Lookup,
    Normalise,
    Primitive,
    Recurrence,
    Reduce,
    Resample,
    Reshape,
    Rotary,
    Scan,
    Sinusoid,
    Slice,
    Take,
    Transpose,
    Window,
)

COMPUTATION_GRAPH: dict[type[Primitive], Callable[[Lowering, Operation], None]] = {
    Concat: concat.lower,
    Contract: contract.lower,
    Elementwise: elementwise.lower,
    Fixed: fixed.lower,
    Learned: learned.lower,
    Lookup: lookup.lower,
    Normalise: normalise.lower,
    Recurrence: recurrence.lower,
    Reduce: reduce.lower,
    Resample: resample.lower,
    Reshape: reshape.lower,
    Rotary: rotary.lower,
    Scan: scan.lower,
    Sinusoid: sinusoid.lower,
    Slice: slice.lower,
    Take: take.lower,
    Transpose: transpose.lower,
    Window: window.lower,
}


def computation_template(net: Architecture) -> Template:
    """Lower every operation in order.

    An input of indices has a node for each index that it may hold: one of them is 1, the rest 0.
    """
    check_extent(net)
    state = Lowering(net)
    for name, shape in net.inputs.items():
        entries = net.index_rows.get(name)
        whole = shape if entries is None else (*shape, entries)
        items = state.nodes(name, "input", whole)
        if entries is not None:
            state.step(items.group, "one_hot", entries=entries)
        state.items[name] = replace(items, exclusive=False)
    for operation in net.operations:
        COMPUTATION_GRAPH[type(operation.primitive)](state, operation)
    return state.finish_outputs()
