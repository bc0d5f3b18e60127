"""The lowering to a parameter graph: a node for each neuron, an edge for each parameter."""

from __future__ import annotations

from collections.abc import Callable

from graphgen.lower.parameter import (
    concat,
    contract,
    copies,
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
from graphgen.lower.parameter.inputs import input_layout
from graphgen.lower.parameter.outputs import deliver
from graphgen.lower.parameter.parts import in_parts
from graphgen.lower.parameter.state import Lowering
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

PARAMETER_GRAPH: dict[type[Primitive], Callable[[Lowering, Operation], None]] = {
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


def parameter_template(net: Architecture) -> Template:
    """Give the template; `GraphError` where an operation has no parameter graph."""
    state = lower(net)
    for name, operation in state.waiting.items():
        if name in state.outputs or not state.uses[name]:
            state.layouts[name] = learned.placed(state, operation)
    for name in state.fixed:
        if name in state.outputs:
            state.layouts[name] = fixed.placed(state, name)
    for name in state.copies:
        if name in state.outputs:
            state.layouts[name] = copies.settled(state, name)
    for position, name in enumerate(state.outputs):
        deliver(state, position, name)
    return in_parts(state.finish())


def lower(net: Architecture) -> Lowering:
    """Lower every operation in order."""
    state = Lowering(net)
    for name in net.inputs:
        state.layouts[name] = input_layout(state, name)
    for operation in state.operations:
        copies.place_read(state, operation)
        learned.place_read(state, operation)
        fixed.place_read(state, operation)
        PARAMETER_GRAPH[type(operation.primitive)](state, operation)
        copies.keep(state, operation)
    return state
