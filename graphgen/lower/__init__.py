"""Lowering: from an architecture's primitives to node groups and edge blocks."""

from __future__ import annotations

from collections.abc import Callable

from graphgen.lower import contract, elementwise, normalise, reduce, reshape, window
from graphgen.lower.inputs import input_layout
from graphgen.lower.state import Lowering
from graphgen.template import Template
from spec import Architecture, Operation
from spec.primitives import (
    Contract,
    Elementwise,
    Normalise,
    Primitive,
    Reduce,
    Reshape,
    Window,
)

PARAMETER_GRAPH: dict[type[Primitive], Callable[[Lowering, Operation], None]] = {
    Contract: contract.lower,
    Window: window.lower,
    Elementwise: elementwise.lower,
    Normalise: normalise.lower,
    Reduce: reduce.lower,
    Reshape: reshape.lower,
}


def parameter_template(net: Architecture) -> Template:
    """Lower every operation in order; `GraphError` where one has no parameter graph."""
    state = Lowering(net)
    for name in net.inputs:
        state.layouts[name] = input_layout(state, name)
    for operation in net.operations:
        PARAMETER_GRAPH[type(operation.primitive)](state, operation)
    return state.template()
