"""The rule of each primitive: which slots it relates, and along which no map may run."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from graphgen.families.flow import CENTRED, DUAL, GAIN, ORTHOGONAL, SAME, Flow, Relation
from graphgen.units.extents import atoms
from spec import Operation
from spec.primitives import (
    Concat,
    Contract,
    Elementwise,
    Learned,
    Lookup,
    Normalise,
    Primitive,
    Reduce,
    Resample,
    Reshape,
    Rotary,
    Scan,
    Slice,
    Take,
    Transpose,
    Window,
)
from spec.primitives.elementwise import lying


def other(flow: Flow, op: Operation) -> None:
    """Stop everything."""
    inputs, tensors, out = flow.operands(op)
    flow.stop(*chain(*inputs), *chain(*tensors), *out)


def contract(flow: Flow, op: Operation) -> None:
    """A letter in two places is a map and its inverse transpose, or goes through."""
    primitive: Any = op.primitive
    inputs, tensors, out = flow.operands(op)
    read = zip(primitive.operands, (*inputs, *tensors), strict=True)
    sides = [*((w, side, False) for w, side in read), (primitive.output, out, True)]
    for letter in dict.fromkeys("".join(letters for letters, _, _ in sides)):
        spots = [(w, side[w.index(letter)], end) for w, side, end in sides if letter in w]
        if len(spots) != 2:
            flow.stop(*(slots for _, slots, _ in spots))
            continue
        (w1, one, _), (w2, two, is_out) = spots
        flow.relate(one, two, SAME if is_out else DUAL)
        for a, b in zip(one, two, strict=False):
            for context in a.around.keys() & b.around.keys():
                if w1[a.around[context][0]] != w2[b.around[context][0]]:
                    flow.apart.setdefault(a, set()).add(context)
    if primitive.prepared is not None:
        flow.stop(*chain(*tensors))


def window(flow: Flow, op: Operation) -> None:
    """Channels in a group are summed over; groups, taps and places stay."""
    primitive: Any = op.primitive
    (x,), (weight,), out = flow.operands(op)
    flow.stop(*weight[2:], *x[1:], *out[1:])
    if primitive.symmetry or primitive.prepared is not None:
        other(flow, op)
        return
    groups = {a for own in flow.axes.parts.get(op.output, []) for a in atoms(own)}
    ends = [x[0], out[0], *weight[:2]]
    flow.stop(*([slot for slot in slots if slot.atom in groups] for slots in ends))
    read, written, first, second = (
        [slot for slot in slots if slot.atom not in groups] for slots in ends
    )
    if primitive.transposed:
        flow.relate(read, first, DUAL)
        flow.relate(second, written)
    else:
        flow.relate(read, second, DUAL)
        flow.relate(first, written)


THROUGH = ("identity", "dropout", "scale_by")


def elementwise(flow: Flow, op: Operation) -> None:
    """Sums are linear in all operands, products in one that has the axis."""
    primitive: Any = op.primitive
    inputs, tensors, out = flow.operands(op)
    name = primitive.function
    if name not in (*THROUGH, "add", "multiply"):
        other(flow, op)
        return
    shape = flow.net.shapes[op.output]
    shapes = [flow.net.shapes[given] for given in op.inputs]
    parameters = [flow.net.tensors[given].shape for given in op.parameters]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        values = [x[axis] for x, own in zip(inputs, shapes, strict=True) if own[axis] == size]
        along = []
        for slots, own in zip(tensors, parameters, strict=True):
            start = primitive.parameter_start(len(shape))
            alone = primitive.axis is None and all(n == 1 for n in own)
            place = axis - start
            if not alone and 0 <= place < len(lying(own)) and own[place] == size:
                along.append(slots[place])
        count = len(inputs) + len(tensors)
        if name == "multiply":
            if len(values) == 1 and not along:
                flow.relate(values[0], out[axis])
            elif len(values) == len(along) == 1:
                flow.relate(values[0], out[axis], GAIN, along[0])
                flow.stop(along[0])
            else:
                flow.stop(*values, *along, out[axis])
        elif len(values) + len(along) == count:
            for operand in (*values, *along):
                flow.relate(operand, out[axis])
        else:
            flow.stop(*values, *along, out[axis])


def normalise(flow: Flow, op: Operation) -> None:
    """What keeps sums of squares (and means) goes through norms."""
    primitive: Any = op.primitive
    (x,), _, out = flow.operands(op)
    kind = primitive.statistics
    if kind in ("layer", "rms"):
        cut = len(x) - primitive.size
        flow.stop(*x[:cut], *out[:cut])
        words = (ORTHOGONAL,) if kind == "rms" else (ORTHOGONAL, CENTRED)
        for one, two in zip(x[cut:], out[cut:], strict=True):
            flow.relate(one, two)
            flow.demand((*one, *two), *words)
    elif kind == "group":
        groups = {a for own in flow.axes.parts.get(op.output, []) for a in atoms(own)}
        flow.stop(*x[1:], *out[1:])
        flow.stop(*([s for s in side if s.atom in groups] for side in (x[0], out[0])))
        one, two = ([s for s in side if s.atom not in groups] for side in (x[0], out[0]))
        flow.relate(one, two)
        flow.demand((*one, *two), ORTHOGONAL, CENTRED)
    else:
        other(flow, op)


def reduce(flow: Flow, op: Operation) -> None:
    """Sums and means over other axes are linear."""
    primitive: Any = op.primitive
    (x,), _, out = flow.operands(op)
    gone = primitive.axes or tuple(range(1, len(x)))
    kept = iter(out)
    for axis, slots in enumerate(x):
        if axis not in gone:
            target = next(kept)
            flow.relate(slots, target)
            if primitive.statistic not in ("sum", "mean"):
                flow.stop(slots, target)
        else:
            flow.stop(slots)
            if primitive.keepdim or not primitive.axes:
                flow.stop(next(kept))


def resample(flow: Flow, op: Operation) -> None:
    """Channels go through."""
    (x,), _, out = flow.operands(op)
    flow.relate(x[0], out[0])
    flow.stop(*x[1:], *out[1:])


def reshape(flow: Flow, op: Operation) -> None:
    """The same items in the same order."""
    (x,), _, out = flow.operands(op)
    flow.relate([*chain(*x)], [*chain(*out)])


def transpose(flow: Flow, op: Operation) -> None:
    """The axes in another order."""
    primitive: Any = op.primitive
    (x,), _, out = flow.operands(op)
    for axis, place in enumerate(primitive.order):
        flow.relate(x[place], out[axis])


def slice_(flow: Flow, op: Operation) -> None:
    """A piece of one axis, all of the others."""
    primitive: Any = op.primitive
    (x,), _, out = flow.operands(op)
    for axis, (one, two) in enumerate(zip(x, out, strict=True)):
        if axis != primitive.axis:
            flow.relate(one, two)
            continue
        taken = set()
        for slot in two:
            alike = [s for s in one if s.atom is slot.atom]
            at = [s for s in alike if s.place.start - primitive.start == slot.place.start]
            own = at if len(at) == 1 else alike
            if len(own) == 1:
                flow.relations.append(Relation(own[0], slot, SAME))
                taken.add(own[0])
            else:
                flow.stop(one, two)
        # What a cut goes through is read in part, and by no slot.
        ends = primitive.start, primitive.stop
        flow.stop([s for s in one if s not in taken and s.lies_in(*ends)])


def take(flow: Flow, op: Operation) -> None:
    """Items of one axis that are chosen, with nothing but 0 beside them."""
    primitive: Any = op.primitive
    (x,), _, out = flow.operands(op)
    for axis, (one, two) in enumerate(zip(x, out, strict=True)):
        if axis == primitive.axis or (primitive.is_filled and primitive.value != 0):
            flow.stop(one, two)
        else:
            flow.relate(one, two)


def concat(flow: Flow, op: Operation) -> None:
    """Slots side by side along one axis; the others meet."""
    primitive: Any = op.primitive
    inputs, _, out = flow.operands(op)
    for axis, slots in enumerate(out):
        if axis == primitive.axis:
            flow.relate([*chain(*(x[axis] for x in inputs))], slots)
        else:
            for x in inputs:
                flow.relate(x[axis], slots)


def lookup(flow: Flow, op: Operation) -> None:
    """The features of entries are mixed by the input alone."""
    primitive: Any = op.primitive
    inputs, tensors, out = flow.operands(op)
    flow.stop(*chain(*inputs), *out[:-1])
    if not tensors or primitive.prepared is not None:
        other(flow, op)
        return
    feature = 0 if primitive.kind in ("columns", "grid") else 1
    (table,) = tensors
    flow.relate(table[feature], out[-1])
    flow.stop(*(slots for axis, slots in enumerate(table) if axis != feature))


def learned(flow: Flow, op: Operation) -> None:
    """The value is the tensor."""
    _, (tensor,), out = flow.operands(op)
    for one, two in zip(tensor, out, strict=True):
        flow.relate(one, two)


def rotary(flow: Flow, op: Operation) -> None:
    """What commutes with turning each pair goes through."""
    primitive: Any = op.primitive
    (x,), _, out = flow.operands(op)
    for axis, (one, two) in enumerate(zip(x, out, strict=True)):
        flow.relate(one, two)
        if axis == len(x) - 1:
            turned = [[s for s in side if s.place.start < primitive.size] for side in (one, two)]
            whole = all(
                len(side) == 1 and side[0].atom.size == primitive.size
                and len(side[0].place.loops) == 1
                for side in turned
            )  # fmt: skip
            if whole:
                word = "interleaved" if primitive.interleaved else "halves"
                flow.demand(chain(*turned), word)
            else:
                flow.stop(*turned)
        elif axis == primitive.axis:
            flow.stop(one, two)


def scan(flow: Flow, op: Operation) -> None:
    """A cell reads its input by a product, and nothing else is linear."""
    inputs, tensors, out = flow.operands(op)
    x, weight = inputs[0], tensors[0]
    flow.relate(x[1], weight[1], DUAL)
    flow.stop(x[0], *chain(*inputs[1:]), weight[0], *chain(*tensors[1:]), *out)


RULES: dict[type[Primitive], Callable[[Flow, Operation], None]] = {
    Concat: concat,
    Contract: contract,
    Elementwise: elementwise,
    Learned: learned,
    Lookup: lookup,
    Normalise: normalise,
    Reduce: reduce,
    Resample: resample,
    Reshape: reshape,
    Rotary: rotary,
    Scan: scan,
    Slice: slice_,
    Take: take,
    Transpose: transpose,
    Window: window,
}
