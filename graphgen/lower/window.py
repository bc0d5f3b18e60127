"""The parameter graph of a convolution: a parallel edge for each tap of the kernel."""

from __future__ import annotations

from graphgen.lower.state import Factor, Layout, Lowering
from spec import Operation
from spec.primitives import Window


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a convolution with weight `[out, in / groups, *kernel]`.

    one group   (out, in, *kernel)         source (0, 1, 0..)        target (1, 0, 0..)
    g groups    (g, out/g, in/g, *kernel)  source (in/g, 0, 1, 0..)  target (out/g, 1, 0, 0..)
    """
    primitive = operation.primitive
    if not isinstance(primitive, Window):
        raise TypeError(f"expected a Window, got {primitive}")
    (tensor,) = operation.parameters
    source = state.layout(operation.inputs[0])
    channels, *space = source.axes
    if len(channels) != 1 or channels[0].group is None:
        raise state.refuse(operation, "its channels are not the neurons of one group")
    if any(factor.group is not None for axis in space for factor in axis):
        raise state.refuse(operation, "it slides over an axis of neurons")
    out, fan, *kernel = state.net.tensors[tensor].shape
    groups = primitive.groups
    target = state.group(operation.layer, "neuron", out)
    taps = len(kernel)
    if groups == 1:
        shape: tuple[int, ...] = (out, fan, *kernel)
        axes: tuple[str, ...] = ("out", "in")
        source_strides: tuple[int, ...] = (0, 1)
        target_strides: tuple[int, ...] = (1, 0)
    else:
        shape = (groups, out // groups, fan, *kernel)
        axes = ("group", "out", "in")
        source_strides = (fan, 0, 1)
        target_strides = (out // groups, 1, 0)
    state.block(
        operation,
        f"window{taps}d",
        shape,
        (*axes, *("tap",) * taps),
        source.group,
        (*source_strides, *(0,) * taps),
        target,
        (*target_strides, *(0,) * taps),
        tensor,
        (
            ("stride", primitive.stride),
            ("padding", primitive.padding),
            ("dilation", primitive.dilation),
            ("groups", groups),
        ),
    )
    after = state.net.shapes[operation.output][1:]
    state.layouts[operation.output] = Layout(
        ((Factor(out, target),), *((Factor(size),) for size in after)), target, True
    )
