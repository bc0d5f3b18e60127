"""The computation graph of normalisations: nodes for the statistics, and for each item."""

from __future__ import annotations

from dataclasses import replace

from graphgen.lower.computation.state import Items, Lowering
from spec import Operation
from spec.primitives import Normalise


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a normalisation: each item, and the statistics of its set, lead to a node.

    Running statistics are weights of edges from constant nodes. Others are nodes that all items of
    a set lead to: `mean`, `variance`, `mean_square`, or, for a softmax, `log_sum_exp`.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Normalise):
        raise TypeError(f"expected a Normalise, got {primitive}")
    source = state.value(operation.inputs[0])
    softmax = primitive.statistics == "softmax"
    target = state.nodes(
        operation.output,
        "softmax" if softmax else "normalise",
        source.shape,
        () if softmax else (("eps", primitive.eps),),
    )
    state.identity(operation, source, target)
    if operation.parameters:
        for kind, tensor in zip(("mean", "variance"), operation.parameters[:2], strict=True):
            state.parameter(operation, kind, target, tensor, 0)
    else:
        computed(state, operation, primitive, source, target)
    state.items[operation.output] = target


def computed(
    state: Lowering, operation: Operation, primitive: Normalise, source: Items, target: Items
) -> None:
    """Compute statistics of the items along the last axes, or of each group of channels."""
    last = primitive.statistics in ("layer", "rms", "softmax")
    if last:
        kept = len(source.shape) - primitive.size
    else:
        groups = source.shape[0] if primitive.statistics == "instance" else primitive.size
        source, target = cut_channels(source, groups), cut_channels(target, groups)
        kept = 1
    name = operation.output
    shape = source.shape[:kept]
    if primitive.statistics == "softmax":
        total = state.nodes(f"{name}.log_sum_exp", "log_sum_exp", shape)
        gather(state, operation, source, total)
        spread(state, operation, total, target, "log_sum_exp")
        return
    spreads = "mean_square" if primitive.statistics == "rms" else "variance"
    variance = state.nodes(f"{name}.{spreads}", spreads, shape)
    gather(state, operation, source, variance)
    if spreads == "variance":
        mean = state.nodes(f"{name}.mean", "mean", shape)
        gather(state, operation, source, mean)
        state.identity(operation, mean, variance, "mean")
        spread(state, operation, mean, target, "mean")
    spread(state, operation, variance, target, "variance")


def cut_channels(items: Items, groups: int) -> Items:
    """Cut the first axis into groups of adjacent channels."""
    inner = items.shape[0] // groups
    return replace(
        items,
        shape=(groups, inner, *items.shape[1:]),
        strides=(items.strides[0] * inner, *items.strides),
    )


def gather(state: Lowering, operation: Operation, items: Items, statistic: Items) -> None:
    """Connect all items of each set to the node of their statistic."""
    kept = len(statistic.shape)
    rows = [
        (size, stride, statistic.strides[axis] if axis < kept else 0, 0)
        for axis, (size, stride) in enumerate(zip(items.shape, items.strides, strict=True))
    ]
    state.connect(operation, "identity", items, statistic, rows)


def spread(
    state: Lowering, operation: Operation, statistic: Items, items: Items, kind: str
) -> None:
    """Connect the node of a statistic to all items of its set."""
    kept = len(statistic.shape)
    rows = [
        (size, statistic.strides[axis] if axis < kept else 0, stride, 0)
        for axis, (size, stride) in enumerate(zip(items.shape, items.strides, strict=True))
    ]
    state.connect(operation, kind, statistic, items, rows)
