"""The parameter graph of a convolution: a parallel edge for each tap of the kernel."""

from __future__ import annotations

from graphgen.lower.parameter.carried import fronted
from graphgen.lower.parameter.layout import (
    Axis,
    Layout,
    axis_of,
    born,
    cut_at,
    positions,
    row_major,
)
from graphgen.lower.parameter.spread import NEURONS, POSITIONS, spread
from graphgen.lower.parameter.state import Lowering, Row
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
    first, second, *kernel = state.net.tensors[tensor].shape
    groups = primitive.groups
    fan, out = (first // groups, second * groups) if primitive.transposed else (second, first)
    alone = pointwise(primitive, kernel)
    source = state.layout(operation.inputs[0])
    if alone:
        source = spread_channels(state, operation, source)
    else:
        source = maps(state, operation, source)
    cut = cut_at(source.axes[0], fan)
    if cut is None:
        source = spread(state, operation, source, {0: NEURONS}, single={0})
        if alone:
            source = fronted(state, operation, source, {0})
        cut = cut_at(source.axes[0], fan)
    target = state.group(operation.layer, "neuron", out)
    outer, inner = cut or ((), ())
    inwards: list[Row] = [(d.size, "in", d.stride, 0) for d in inner] or [(1, "in", 0, 0)]
    outwards: list[Row] = [(out // groups, "out", 0, 1)]
    rows: list[Row] = [*inwards, *outwards] if primitive.transposed else [*outwards, *inwards]
    rows = [*grouped(outer, out // groups), *rows, *((size, "tap", 0, 0) for size in kernel)]
    state.connect(
        operation, f"window{len(primitive.stride)}d", rows, (source.group, source.start),
        (target, 0), tensor, (*attributes(primitive), *(() if alone else space_record(source))),
    )  # fmt: skip
    after = state.shapes[operation.output][1:]
    channels = axis_of(out, target)
    state.layouts[operation.output] = (
        Layout((channels, *source.axes[1:]), target, space=source.space)
        if alone
        else born([channels, *positions(after)], target)
    )


def pointwise(primitive: Window, kernel: list[int]) -> bool:
    """Say whether a convolution acts at each place by itself, as a matrix product does."""
    moves = {*kernel, *primitive.stride} != {1} or any(primitive.padding)
    return not (moves or primitive.symmetry or any(primitive.output_padding))


def spread_channels(state: Lowering, operation: Operation, layout: Layout) -> Layout:
    """Let the computing group hold the channels; neurons of other axes come along."""
    if any(digit.group is None for digit in layout.axes[0]):
        layout = spread(state, operation, layout, {0: NEURONS})
    return fronted(state, operation, layout, {0})


def grouped(digits: Axis, inside: int) -> list[Row]:
    """Give the axes of a grouped convolution's groups, each with `inside` outputs."""
    strides = row_major([*(digit.size for digit in digits), inside])
    return [(d.size, "group", d.stride, goal) for d, goal in zip(digits, strides, strict=False)]


def maps(state: Lowering, operation: Operation, layout: Layout) -> Layout:
    """Let a value be maps: neurons on the first axis, positions on the others."""
    want = {axis: POSITIONS if axis else NEURONS for axis in range(len(layout.axes))}
    return spread(state, operation, layout, want)


def space_record(layout: Layout) -> Attributes:
    """Say which positions are the space of maps; of axes of one, where they lie."""
    sizes = layout.shape[1:]
    single = (("space", sizes),) if 1 in sizes and len(sizes) > 1 else ()
    return (*layout.record(), *single)


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
    if primitive.prepared:
        result = (*result, *primitive.prepared.attributes())
    return result
