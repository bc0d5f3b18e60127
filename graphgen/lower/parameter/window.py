"""The parameter graph of a convolution: a parallel edge for each tap of the kernel."""

from __future__ import annotations

from graphgen.lower.parameter.state import Factor, Layout, Lowering
from graphgen.template import Attributes
from spec import Operation
from spec.primitives import Window


def lower(state: Lowering, operation: Operation) -> None:
    """Lower a convolution with weight `[out, in / groups, *kernel]`.

    one group   (out, in, *kernel)         source (0, 1, 0..)        target (1, 0, 0..)
    g groups    (g, out/g, in/g, *kernel)  source (in/g, 0, 1, 0..)  target (out/g, 1, 0, 0..)
    transposed  (g, in/g, out/g, *kernel)  source (in/g, 1, 0, 0..)  target (out/g, 0, 1, 0..)

    The orientations of an equivariant kernel are taps too; those of its value are positions.
    """
    primitive = operation.primitive
    if not isinstance(primitive, Window):
        raise TypeError(f"expected a Window, got {primitive}")
    (tensor,) = operation.parameters
    source = state.settled(operation, state.layout(operation.inputs[0]))
    channels, *space = source.axes
    large = [factor for factor in channels if factor.size > 1] or list(channels[:1])
    if len(large) != 1 or large[0].group is None:
        raise state.refuse(operation, "its channels are not the neurons of one group")
    if any(factor.group is not None for axis in space for factor in axis):
        raise state.refuse(operation, "it slides over an axis of neurons")
    step = large[0].stride
    first, second, *kernel = state.net.tensors[tensor].shape
    groups = primitive.groups
    fan, out = (first // groups, second * groups) if primitive.transposed else (second, first)
    target = state.group(operation.layer, "neuron", out)
    inwards, outwards = ("in", fan, step, 0), ("out", out // groups, 0, 1)
    rows = [inwards, outwards] if primitive.transposed else [outwards, inwards]
    if groups > 1:
        rows = [("group", groups, fan * step, out // groups), *rows]
    rows += [("tap", size, 0, 0) for size in kernel]
    axes, shape, source_strides, target_strides = zip(*rows, strict=True)
    state.block(
        operation,
        f"window{len(primitive.stride)}d",
        shape,
        axes,
        source.group,
        source_strides,
        target,
        target_strides,
        tensor,
        attributes(primitive),
        source_start=source.start,
    )
    after = state.net.shapes[operation.output][1:]
    state.layouts[operation.output] = Layout(
        ((Factor(out, target),), *((Factor(size),) for size in after)), target, True
    )


def attributes(primitive: Window) -> Attributes:
    """Say what is special about a convolution."""
    result: Attributes = (
        ("stride", primitive.stride),
        ("padding", primitive.padding),
        ("dilation", primitive.dilation),
        ("groups", primitive.groups),
    )
    if primitive.padding_mode != "zeros":
        result = (*result, ("padding_mode", primitive.padding_mode))
    if primitive.transposed:
        result = (*result, ("transposed", True), ("output_padding", primitive.output_padding))
    if primitive.symmetry:
        result = (*result, ("symmetry", primitive.symmetry))
    return result
