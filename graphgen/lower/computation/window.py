"""The computation graph of a convolution: strided views of the weight, tap by tap."""

from __future__ import annotations

from itertools import product

import numpy as np

from graphgen.evaluate.window import orient
from graphgen.lower.computation.runs import Run, runs, spatial_rows, window_runs
from graphgen.lower.computation.state import Lowering, row_major
from spec import Operation
from spec.primitives import Window


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a convolution: for each tap of the kernel, a block over channels and positions.

        shape (out, in, y, x)   source strides (0, plane, stride * row, stride)
                                target strides (plane, 0, row, 1)

    Positions are trimmed to where the tap falls inside; other borders are blocks of their own. The
    weight's strides are 0 along positions. A kernel that turns has such blocks for each pair of
    orientations.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Window):
        raise TypeError(f"expected a Window, got {primitive}")
    (tensor,) = operation.parameters
    shape = state.net.tensors[tensor].shape
    source = state.value(operation.inputs[0])
    target = state.nodes(operation.output, "sum", state.net.shapes[operation.output])
    dims, groups = len(primitive.stride), primitive.groups
    kernel, strides = shape[-dims:], row_major(shape)
    turned = len(shape) - dims - 2
    first, second = shape[:2]
    fan, out = (first // groups, second) if primitive.transposed else (second, first // groups)
    from_step, to_step = source.strides[0], target.strides[0]
    in_weight = (strides[0] * fan, strides[1], strides[0])
    if not primitive.transposed:
        in_weight = (strides[0] * out, strides[0], strides[1])
    channels = [
        (groups, fan * from_step, out * to_step, in_weight[0]),
        (out, 0, to_step, in_weight[1]),
        (fan, from_step, 0, in_weight[2]),
    ]
    ready = primitive.prepared.attributes() if primitive.prepared else ()
    scalars = np.arange(int(np.prod(shape))).reshape(shape)
    for r in range(primitive.orientations or 1):
        seen = orient(scalars, r) if primitive.symmetry else scalars
        to = target.at(1, r) if primitive.symmetry else target
        for s in range(shape[2] if turned else 1):
            start = source.at(1, s) if turned else source
            for tap in product(*(range(size) for size in kernel)):
                scalar = int(seen[(0, 0, *((s,) if turned else ()), *tap)])
                axes = [tap_runs(state, operation, axis, at) for axis, at in enumerate(tap)]
                for begin, end, rows, _ in spatial_rows(axes, start, to, 1):
                    places = [(size, a, b, 0) for size, a, b, _ in rows]
                    state.connect(
                        operation,
                        f"window{dims}d",
                        begin,
                        end,
                        [*channels, *places],
                        tensor,
                        scalar,
                        attributes=ready,
                    )
    state.items[operation.output] = target


def tap_runs(state: Lowering, operation: Operation, axis: int, tap: int) -> list[Run]:
    """Join the positions along one spatial axis that one tap connects."""
    primitive = operation.primitive
    if not isinstance(primitive, Window):
        raise TypeError(f"expected a Window, got {primitive}")
    dims = len(primitive.stride)
    inputs = state.net.shapes[operation.inputs[0]][axis - dims]
    outputs = state.net.shapes[operation.output][axis - dims]
    stride, padding = primitive.stride[axis], primitive.padding[axis]
    dilation = primitive.dilation[axis]
    if not primitive.transposed:
        return window_runs(outputs, inputs, tap, stride, padding, dilation, primitive.padding_mode)
    places = [(i * stride + tap * dilation - padding, i, 1.0) for i in range(inputs)]
    return runs([place for place in places if 0 <= place[0] < outputs])
