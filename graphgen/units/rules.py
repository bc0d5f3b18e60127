"""The rule of each primitive: which axes run over the same items, and which items it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphgen.units.axes import Axes, AxesOf, Note, grouped
from graphgen.units.extents import Extent, beside
from spec import Operation
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
from spec.primitives.elementwise import lying


def contract(axes: AxesOf, op: Operation) -> Axes:
    """One letter, one extent."""
    primitive: Any = op.primitive
    operands = [*axes.inputs(op), *axes.parameters(op)]
    found: dict[str, Extent] = {}
    for letters, own in zip(primitive.operands, operands, strict=True):
        for letter, extent in zip(letters, own, strict=True):
            axes.tie(found.setdefault(letter, extent), extent, op.layer)
    read = [*zip(op.inputs, primitive.operands, strict=False)]
    values = [letters for name, letters in read if name not in axes.learned]
    weights = primitive.operands[primitive.values :]
    for letter, extent in found.items():
        everywhere = all(letter in operand for operand in primitive.operands)
        taking = [k for k, w in enumerate(weights) if letter in w]
        if letter not in primitive.output and taking:
            axes.divide(op, taking[0], weights[taking[0]].index(letter), extent)
        elif letter not in primitive.output and axes.divide_learned(
            {name: own.index(letter) for name, own in read if letter in own}, extent
        ):
            continue
        elif letter not in primitive.output:
            says = "a sum over them that no weight takes part in"
            axes.summed.append(Note(extent, says, op.layer))
            if len(values) > 1:
                axes.role([extent], "dimension", op.layer)
        elif letter in primitive.output and everywhere and len(operands) > 1:
            axes.role([extent], "head" if len(values) > 1 else "expert", op.layer)
        elif letter in primitive.output and len(values) > 1 and not weights:
            times = sum(letter in operand for operand in values)
            if times < len(values):
                axes.role([extent], "alone", op.layer)
    if primitive.prepared is not None:
        prepare(axes, primitive.prepared, axes.parameters(op)[0], op.layer)
    return [found[letter] for letter in primitive.output]


def prepare(axes: AxesOf, prepared: Any, weight: Axes, layer: str) -> None:
    """Hold what a weight is standardised over; its size is of what is left."""
    along = [weight[axis] for axis in prepared.axes]
    if prepared.kind == "standard":
        axes.hold(along, "a weight that is standardised along them", layer)
    else:
        axes.join(along, "a weight that is divided by its size along them", layer)


def window(axes: AxesOf, op: Operation) -> Axes:
    """Channels are tied to the kernel, within groups; taps, orientations and places stay."""
    primitive: Any = op.primitive
    (x,), (weight,) = axes.inputs(op), axes.parameters(op)
    out = axes.fresh(op)
    read, written = (x[0], out[0])
    first, second = (weight[0], weight[1])
    if primitive.transposed:
        read, written = written, read
    # Now `first` runs over all of `written`, `second` over `read` within a group.
    if primitive.groups > 1:
        whole, groups, within = grouped(primitive.groups, written.size)
        other, also, shared = grouped(primitive.groups, read.size)
        axes.tie(groups, also, op.layer)
        for one, two in ((whole, first), (whole, written), (other, read), (shared, second)):
            axes.tie(one, two, op.layer)
        axes.parts[op.output] = [groups]
        axes.role([groups], "channel" if within.size == shared.size == 1 else "group", op.layer)
        axes.role([within, shared], "channel", op.layer)
        axes.mix([within, shared], [groups])
        axes.divide(op, 0, int(not primitive.transposed), shared)
    else:
        axes.divide(op, 0, int(not primitive.transposed), x[0])
        axes.tie(first, written, op.layer)
        axes.tie(second, read, op.layer)
    axes.role([read, written], "channel", op.layer)
    axes.hold(weight[2:], "the taps of a kernel", op.layer)
    axes.hold([*x[1:], *out[1:]], "a kernel that slides along them", op.layer)
    if primitive.prepared is not None:
        prepare(axes, primitive.prepared, weight, op.layer)
    return out


def elementwise(axes: AxesOf, op: Operation) -> Axes:
    """Items meet items; one item meets all."""
    primitive: Any = op.primitive
    out = axes.inputs(op)[0]
    for other in axes.inputs(op)[1:]:
        out = met(axes, out, other, op.layer)
    for own in axes.parameters(op):
        if primitive.axis is None and all(axis.size == 1 for axis in own):
            continue
        start = primitive.parameter_start(len(out))
        count = len(lying(tuple(axis.size for axis in own)))
        for k, extent in enumerate(own[:count]):
            axes.tie(extent, out[start + k], op.layer)
    if primitive.function == "band_mask":
        axes.hold(out[-2:], "a mask that tells them apart", op.layer)
    return out


def met(axes: AxesOf, one: Axes, other: Axes, layer: str) -> Axes:
    """Tie the axes of two values that are combined, where neither has one item."""
    found = []
    for a, b in zip(one, other, strict=True):
        if a.size == b.size:
            axes.tie(a, b, layer)
        found.append(a if a.size > 1 else b)
    return found


def normalise(axes: AxesOf, op: Operation) -> Axes:
    """Items that are normed together are so; channels keep statistics of their own."""
    primitive: Any = op.primitive
    (x,) = axes.inputs(op)
    kind = primitive.statistics
    for own in axes.parameters(op):
        if len(own) == 1 and own[0].size == x[0].size:
            axes.tie(own[0], x[0], op.layer)
    if kind in ("layer", "rms", "softmax"):
        cut = len(x) - primitive.size
        axes.join(x[cut:], f"a {NORMS[kind]} over them", op.layer)
        axes.mix(x[cut:], x[:cut])
    elif kind == "group":
        whole, groups, within = grouped(primitive.size, x[0].size)
        axes.tie(whole, x[0], op.layer)
        axes.parts[op.output] = [groups]
        axes.role([groups], "group", op.layer)
        axes.join([within, *x[1:]], "a group norm over them", op.layer)
        axes.mix([within, *x[1:]], [groups])
    elif not op.parameters:
        axes.join(x[1:], "an instance norm over them", op.layer)
        axes.mix(x[1:], x[:1])
    return x


NORMS = {"layer": "layer norm", "rms": "norm", "softmax": "softmax"}


def reduce(axes: AxesOf, op: Operation) -> Axes:
    """What is reduced goes; windows slide."""
    primitive: Any = op.primitive
    (x,) = axes.inputs(op)
    if not primitive.axes:
        out = [x[0], *axes.fresh(op)[1:]]
        axes.hold([*x[1:], *out[1:]], "a window that slides along them", op.layer)
        axes.mix(x[1:], x[:1])
        return out
    gone = [x[axis] for axis in primitive.axes]
    if primitive.statistic == "kthvalue":
        axes.join(gone, "a k-th value over them", op.layer)
    elif primitive.statistic == "sum":
        axes.summed += [Note(axis, "a sum over them", op.layer) for axis in gone]
    else:
        axes.join(gone, f"a {primitive.statistic} over them", op.layer)
    kept: Axes = []
    for axis, extent in enumerate(x):
        if axis not in primitive.axes:
            kept.append(extent)
        elif primitive.keepdim:
            kept.append(Extent(1))
    return kept


def resample(axes: AxesOf, op: Operation) -> Axes:
    """Space is interpolated, channels stay."""
    (x,) = axes.inputs(op)
    out = [x[0], *axes.fresh(op)[1:]]
    axes.hold([*x[1:], *out[1:]], "places that are interpolated", op.layer)
    axes.mix(x[1:], x[:1])
    return out


def reshape(axes: AxesOf, op: Operation) -> Axes:
    """The product of the axes is one."""
    out = axes.fresh(op)
    axes.reshape(axes.inputs(op)[0], out, op.layer)
    return out


def transpose(axes: AxesOf, op: Operation) -> Axes:
    """Another order."""
    primitive: Any = op.primitive
    (x,) = axes.inputs(op)
    return [x[axis] for axis in primitive.order]


def slice_(axes: AxesOf, op: Operation) -> Axes:
    """One piece of an axis."""
    primitive: Any = op.primitive
    (x,) = axes.inputs(op)
    size = x[primitive.axis].size
    bounds = sorted({0, primitive.start, primitive.stop, size})
    pieces = axes.split(x[primitive.axis], bounds, op.layer)
    place = bounds.index(primitive.start)
    axes.parts[op.output] = pieces[:place]
    return [*x[: primitive.axis], pieces[place], *x[primitive.axis + 1 :]]


def take(axes: AxesOf, op: Operation) -> Axes:
    """Items that are chosen by their numbers stay."""
    primitive: Any = op.primitive
    (x,) = axes.inputs(op)
    out = [*x[: primitive.axis], Extent(primitive.count), *x[primitive.axis + 1 :]]
    axes.hold((x[primitive.axis], out[primitive.axis]), "items chosen by number", op.layer)
    axes.mix([x[primitive.axis]], [*x[: primitive.axis], *x[primitive.axis + 1 :]])
    return out


def concat(axes: AxesOf, op: Operation) -> Axes:
    """Extents side by side along one axis; the others meet."""
    primitive: Any = op.primitive
    first, *others = axes.inputs(op)
    for other in others:
        for k, (a, b) in enumerate(zip(first, other, strict=True)):
            if k != primitive.axis:
                axes.tie(a, b, op.layer)
    whole = beside([own[primitive.axis] for own in axes.inputs(op)])
    return [*first[: primitive.axis], whole, *first[primitive.axis + 1 :]]


def lookup(axes: AxesOf, op: Operation) -> Axes:
    """Entries stay, features go."""
    primitive: Any = op.primitive
    x = axes.inputs(op)[0]
    if primitive.kind == "one_hot":
        out = [*x, Extent(primitive.resolution)]
        axes.hold(out[-1:], "the numbers of entries", op.layer)
        return out
    (table,) = axes.parameters(op)
    feature = 0 if primitive.kind in ("columns", "grid") else 1
    entries = [*table[:feature], *table[feature + 1 :]]
    axes.hold(entries, "entries of a table that the input chooses", op.layer)
    if primitive.prepared is not None:
        prepare(axes, primitive.prepared, table, op.layer)
    if primitive.is_table:
        return [*x, table[feature]]
    axes.hold(x[-1:], "coordinates of places", op.layer)
    return [*x[:-1], table[feature]]


def learned(axes: AxesOf, op: Operation) -> Axes:
    """The value is the tensor."""
    (axes.learned[op.output],) = op.parameters
    return axes.parameters(op)[0]


def fixed(axes: AxesOf, op: Operation) -> Axes:
    """Numbers tell items apart, unless they are all one."""
    primitive: Any = op.primitive
    out = axes.fresh(op)
    if primitive.formula != "numbers" or len(primitive.numbers) > 1:
        axes.hold(out, "fixed numbers that tell them apart", op.layer)
    return out


def recurrence(axes: AxesOf, op: Operation) -> Axes:
    """It runs along one axis, item by item of the others."""
    primitive: Any = op.primitive
    out = axes.inputs(op)[0]
    for other in axes.inputs(op)[1:]:
        out = met(axes, out, other, op.layer)
    axes.hold([out[primitive.axis]], "a recurrence that runs along them", op.layer)
    axes.mix([out[primitive.axis]], [*out[: primitive.axis], *out[primitive.axis + 1 :]])
    return out


def rotary(axes: AxesOf, op: Operation) -> Axes:
    """Pairs of features are turned by angles of their own."""
    primitive: Any = op.primitive
    (x,) = axes.inputs(op)
    turned = x[-1]
    if primitive.size < turned.size:
        turned = axes.split(turned, [primitive.size], op.layer)[0]
    axes.hold([turned], "rotary positions, which turn each pair by an angle of its own", op.layer)
    axes.hold([x[primitive.axis]], "rotary positions along them", op.layer)
    axes.mix([turned], x[:-1])
    return x


def scan(axes: AxesOf, op: Operation) -> Axes:
    """A unit has a row in each gate; the gates stay."""
    primitive: Any = op.primitive
    x, *begun = axes.inputs(op)
    weight_ih, weight_hh, *others = axes.parameters(op)
    shown, hidden = weight_hh[1], Extent(weight_hh[0].size // primitive.gates)
    axes.role([hidden], "hidden", op.layer)
    if primitive.projected:
        weight_hr = others.pop()
        axes.tie(weight_hr[0], shown, op.layer)
        axes.tie(weight_hr[1], hidden, op.layer)
        axes.role([shown], "neuron", op.layer)
    else:
        axes.tie(shown, hidden, op.layer)
    for rows in (weight_ih[0], weight_hh[0], *(bias[0] for bias in others)):
        axes.reshape([rows], [gates(axes, primitive, op.layer), hidden], op.layer)
    axes.tie(weight_ih[1], x[1], op.layer)
    axes.divide(op, 0, 1, x[1])
    axes.divide(op, 1, 1, shown)
    if primitive.projected:
        axes.divide(op, len(op.parameters) - 1, 1, hidden)
    for state, extent in zip(begun, (shown, hidden), strict=False):
        axes.tie(state[0], extent, op.layer)
    axes.hold([x[0]], "a recurrence that runs along them", op.layer)
    return [hidden] if primitive.memory else [x[0], shown]


def gates(axes: AxesOf, primitive: Any, layer: str) -> Extent:
    """Make an extent of gates."""
    found = Extent(primitive.gates)
    axes.hold([found], "the gates of a cell", layer)
    return found


def sinusoid(axes: AxesOf, op: Operation) -> Axes:
    """Waves tell features apart."""
    (x,) = axes.inputs(op)
    axes.hold(x, "waves, which each feature has its own of", op.layer)
    return x


RULES: dict[type[Primitive], Callable[[AxesOf, Operation], Axes]] = {
    Concat: concat,
    Contract: contract,
    Elementwise: elementwise,
    Fixed: fixed,
    Learned: learned,
    Lookup: lookup,
    Normalise: normalise,
    Recurrence: recurrence,
    Reduce: reduce,
    Resample: resample,
    Reshape: reshape,
    Rotary: rotary,
    Scan: scan,
    Sinusoid: sinusoid,
    Slice: slice_,
    Take: take,
    Transpose: transpose,
    Window: window,
}
