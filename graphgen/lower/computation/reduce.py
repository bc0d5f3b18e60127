"""The computation graph of pooling: nodes that take the maximum, the mean or the sum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

from graphgen.lower.computation.runs import Run, runs, spatial_rows, window_runs
from graphgen.lower.computation.state import Items, Lowering, Row
from spec import Operation
from spec.primitives import Reduce


def lower(state: Lowering, operation: Operation) -> None:
    """Lower pooling: for each tap of the window a block over channels and positions.

    Beyond the borders there are no edges: where padding counts in a mean, it is a sum whose edges
    carry one over the size of the window.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Reduce):
        raise TypeError(f"expected a Reduce, got {primitive}")
    source = state.value(operation.inputs[0])
    statistic, constant = primitive.statistic, 1.0
    kind = "log_sum_exp" if statistic == "logsumexp" else statistic
    padded = bool(primitive.kernel_size) and any(primitive.padding)
    counted = False
    if statistic == "mean" and primitive.divisor:
        kind, constant = "sum", 1 / primitive.divisor
    elif statistic == "mean" and padded and primitive.count_include_pad:
        counted = any(primitive.overhangs)
        kind, constant = "sum", 1.0 if counted else 1 / prod(primitive.kernel_size)
    rank = (("k", primitive.k),) if statistic == "kthvalue" else ()
    target = state.nodes(operation.output, kind, state.net.shapes[operation.output], rank)
    state.items[operation.output] = target
    if primitive.axes:
        whole_axes(state, operation, primitive, source, target)
        return
    for axes in taps(primitive, source.shape[1:], target.shape[1:]):
        for begin, end, rows, shares in spatial_rows(axes, source, target, 1):
            places = rows if counted else [(size, a, b, 0) for size, a, b, _ in rows]
            channels = (source.shape[0], source.strides[0], target.strides[0], 0)
            state.connect(
                operation, "identity", begin, end, [channels, *places], constant=constant,
                coefficients=shares if counted else (),
            )  # fmt: skip


def taps(
    primitive: Reduce, inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> list[tuple[list[Run], ...]]:
    """Give, for each tap of the window or each item of the bins, its runs along each axis."""
    axes = []
    for axis, (before, after) in enumerate(zip(inputs, outputs, strict=True)):
        if primitive.kernel_size:
            stride, padding = primitive.stride[axis], primitive.padding[axis]
            kernel, dilation = primitive.kernel_size[axis], primitive.dilations[axis]
            shares = [1 / min(kernel, before + 2 * padding - i * stride) for i in range(after)]
            found = [
                window_runs(after, before, tap, stride, padding, dilation, "zeros")
                for tap in range(kernel)
            ]
            axes.append([[shared(run, shares) for run in tap] for tap in found])
            continue
        bins = [(i * before // after, -(-(i + 1) * before // after)) for i in range(after)]
        longest = max(stop - start for start, stop in bins)
        axes.append(
            [
                runs(
                    [
                        (i, start + k, 1.0)
                        for i, (start, stop) in enumerate(bins)
                        if start + k < stop
                    ]
                )
                for k in range(longest)
            ]
        )
    return list(product(*axes))


def shared(run: Run, shares: Sequence[float]) -> Run:
    """Give a run the share that each item has at the place of the output where it comes to."""
    places = range(run.length)
    return run._replace(coefficients=tuple(shares[run.out + i * run.out_step] for i in places))


def whole_axes(
    state: Lowering, operation: Operation, primitive: Reduce, source: Items, target: Items
) -> None:
    """Connect all items along the reduced axes to one node."""
    goals = iter(target.strides)
    rows: list[Row] = []
    for axis, (size, stride) in enumerate(zip(source.shape, source.strides, strict=True)):
        reduced = axis in primitive.axes
        goal = next(goals) if not reduced or primitive.keepdim else 0
        rows.append((size, stride, 0 if reduced else goal, 0))
    state.connect(operation, "identity", source, target, rows)
