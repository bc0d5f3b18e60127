"""The parameter graph of a learned value: edges from a node of its own, as a bias has."""

from __future__ import annotations

from graphgen.lower.parameter.state import Factor, Layout, Lowering
from spec import Operation
from spec.primitives import Learned


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a parameter that is a value: neurons lie on its last axis, positions on the others."""
    primitive = operation.primitive
    if not isinstance(primitive, Learned):
        raise TypeError(f"expected a Learned, got {primitive}")
    (tensor,) = operation.parameters
    shape = state.net.tensors[tensor].shape or (1,)
    own = state.group(f"{operation.layer}.learned", "learned", 1)
    target = state.group(operation.output, "neuron", shape[-1])
    rank = len(shape)
    state.block(
        operation,
        "learned",
        shape,
        ("position",) * (rank - 1) + ("unit",),
        own,
        (0,) * rank,
        target,
        (0,) * (rank - 1) + (1,),
        tensor,
    )
    axes = (*((Factor(size),) for size in shape[:-1]), (Factor(shape[-1], target),))
    state.layouts[operation.output] = Layout(axes, target, exclusive=True)
