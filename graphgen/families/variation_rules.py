"""The rule of each primitive: along what its output changes alike where its operands do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from graphgen.families.variation import Change, SeenError, Variation, factors, whole
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
    Reduce,
    Reshape,
    Slice,
    Transpose,
    Window,
)
from spec.primitives.elementwise import lying

Changes = Mapping[str, Change]


def seen(variation: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """Refuse."""
    raise SeenError


def one(given: Changes, own: Changes) -> Change:
    """Give the only change; refuse several."""
    (found, *others) = (*given.values(), *own.values())
    if others:
        raise SeenError
    return found


def contract(v: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """A product changes alike along letters that only the changed operand has."""
    primitive: Any = op.primitive
    change = one(given, own)
    names = [*op.inputs, *op.parameters]
    place = [k for k, name in enumerate(names) if name in (given if k < len(op.inputs) else own)]
    if len(place) != 1 or (own and primitive.prepared is not None):
        raise SeenError
    letters = primitive.operands
    mine = letters[place[0]]
    others = set("".join(letters[: place[0]] + letters[place[0] + 1 :]))
    alike: set[tuple[int, int]] = set()
    part = None
    for axis, letter in enumerate(primitive.output):
        if letter not in mine:
            continue
        source = mine.index(letter)
        if letter not in others:
            alike |= {(axis, k) for where, k in change.alike if where == source}
        if change.part is not None and change.part[0] == source:
            part = (axis, *change.part[1:])
    return Change(frozenset(alike), object(), 1.0, part)


def elementwise(v: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """Sums of changes; products by what does not change."""
    primitive: Any = op.primitive
    name = primitive.function
    if name in ("identity", "dropout", "shift_by", "band_mask"):
        return one(given, own)
    if name == "scale_by":
        change = one(given, own)
        return replace(change, times=change.times * dict(primitive.arguments)["factor"])
    if name == "where":
        return chosen(v, op, given)
    if name == "add":
        if any(op.inputs.count(name) > 1 for name in given):
            raise SeenError
        changes = [spread(v, op, given[n], v.net.shapes[n]) for n in op.inputs if n in given]
        changes += [laid(v, op, own[n]) for n in op.parameters if n in own]
        first, *others = changes
        for other in others:
            if other.source is not first.source or other.part != first.part:
                raise SeenError
            times = first.times + other.times
            first = replace(first, times=times, alike=first.alike & other.alike)
        return first if first.times else None
    if name == "multiply" and len(given) + len(own) == 1:
        return multiplied(v, op, given, own)
    raise SeenError


def spread(v: Variation, op: Operation, change: Change, shape: tuple[int, ...]) -> Change:
    """Repeat a value along axes on which it has one item."""
    alike = set(change.alike)
    for axis, extent in enumerate(v.axes.values[op.output]):
        if shape[axis] == 1 and extent.size > 1:
            alike |= whole(axis, extent)
    return replace(change, alike=frozenset(alike))


def laid(v: Variation, op: Operation, change: Change) -> Change:
    """Lay a parameter along the axes of a value, alike along all others."""
    primitive: Any = op.primitive
    shape = v.net.tensors[op.parameters[0]].shape
    out = v.axes.values[op.output]
    alone = primitive.axis is None and all(n == 1 for n in shape)
    start, count = primitive.parameter_start(len(out)), len(lying(shape))
    covered = range(0) if alone else range(start, start + count)
    alike = {(axis + start, k) for axis, k in change.alike if axis + start in covered}
    for axis, extent in enumerate(out):
        if axis not in covered or shape[axis - start] == 1:
            alike |= whole(axis, extent)
    part = change.part
    part = None if part is None else (part[0] + start, *part[1:])
    return Change(frozenset(alike), object(), 1.0, part)


def multiplied(v: Variation, op: Operation, given: Changes, own: Changes) -> Change:
    """Multiply a change by what does not change, and varies along its own axes."""
    if own or op.inputs.count(next(iter(given))) > 1:
        raise SeenError
    (name,) = given
    change = spread(v, op, given[name], v.net.shapes[name])
    varied = set()
    for other in op.inputs:
        if other != name:
            varied |= {k for k, n in enumerate(v.net.shapes[other]) if n > 1}
    primitive: Any = op.primitive
    for tensor in op.parameters:
        shape = v.net.tensors[tensor].shape
        if not (primitive.axis is None and all(n == 1 for n in shape)):
            start = primitive.parameter_start(len(v.axes.values[op.output]))
            varied |= {start + k for k, n in enumerate(lying(shape)) if n > 1}
    return change.anew(frozenset(own for own in change.alike if own[0] not in varied))


def chosen(v: Variation, op: Operation, given: Changes) -> Change:
    """A choice between a value and minus infinity."""
    condition, x, y = op.inputs
    fixed = v.producers.get(y)
    if set(given) != {x} or x in (condition, y) or fixed is None:
        raise SeenError
    primitive: Any = fixed.primitive
    infinite = isinstance(primitive, Fixed) and primitive.numbers == ("-inf",)
    if not infinite or v.net.shapes[x] != v.net.shapes[op.output]:
        raise SeenError
    return given[x]


def normalise(v: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """What is alike over all that is normed together is taken away."""
    primitive: Any = op.primitive
    change = one(given, own)
    (name,) = op.inputs
    rank = len(v.net.shapes[name])
    kind = primitive.statistics
    if kind == "softmax":
        axes = [rank - 1]
    elif kind == "layer":
        axes = [*range(rank - primitive.size, rank)]
    elif kind == "instance" and not op.parameters:
        axes = [*range(1, rank)]
    else:
        raise SeenError
    if not v.covers(change, name, axes):
        raise SeenError
    return None


def reduce(v: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """A statistic of what changes alike changes like each item."""
    primitive: Any = op.primitive
    change = one(given, own)
    (name,) = op.inputs
    follows = primitive.statistic in ("mean", "max", "kthvalue", "logsumexp")
    if not primitive.axes or not follows or change.part is not None:
        raise SeenError
    for axis in primitive.axes:
        if not v.covers(change, name, [axis]) and v.net.shapes[name][axis] > 1:
            raise SeenError
    kept = [k for k in range(len(v.net.shapes[name])) if k not in primitive.axes]
    place = {k: k for k in kept} if primitive.keepdim else {k: i for i, k in enumerate(kept)}
    alike = frozenset((place[axis], k) for axis, k in change.alike if axis in place)
    return replace(change, alike=alike) if primitive.keepdim else change.anew(alike)


def reshape(v: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """The same factors in the same order."""
    change = one(given, own)
    if change.part is not None:
        raise SeenError
    before, after = (
        [(axis, k, f) for axis, extent in enumerate(axes) for k, f in enumerate(factors(extent))]
        for axes in (v.axes.values[op.inputs[0]], v.axes.values[op.output])
    )
    if [f for _, _, f in before] != [f for _, _, f in after]:
        raise SeenError
    places = {a[:2]: b[:2] for a, b in zip(before, after, strict=True)}
    return change.anew(frozenset(places[own] for own in change.alike))


def transpose(v: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """The axes in another order."""
    primitive: Any = op.primitive
    change = one(given, own)
    place = {axis: k for k, axis in enumerate(primitive.order)}
    part = change.part
    part = None if part is None else (place[part[0]], *part[1:])
    alike = frozenset((place[axis], k) for axis, k in change.alike)
    return Change(alike, object(), 1.0, part)


def slice_(v: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """A piece changes as the whole does, or not at all."""
    primitive: Any = op.primitive
    change = one(given, own)
    (name,) = op.inputs
    axis, part = primitive.axis, change.part
    if part is not None and part[0] == axis:
        if part[2] <= primitive.start or primitive.stop <= part[1]:
            return None
        if (part[1], part[2]) != (primitive.start, primitive.stop):
            raise SeenError
        part = None
    alike = {own for own in change.alike if own[0] != axis}
    if whole(axis, v.axes.values[name][axis]) <= change.alike:
        alike |= whole(axis, v.axes.values[op.output][axis])
    return Change(frozenset(alike), object(), 1.0, part)


def concat(v: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """Beside what does not change, nothing is alike along the axis."""
    primitive: Any = op.primitive
    change = one(given, own)
    if change.part is not None or op.inputs.count(next(iter(given))) > 1:
        raise SeenError
    return change.anew(frozenset(own for own in change.alike if own[0] != primitive.axis))


def lookup(v: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """The entries of a table change alike, or their features do."""
    primitive: Any = op.primitive
    change = one({}, own) if not given else seen(v, op, given, own)
    if change is None or primitive.prepared is not None or change.part is not None:
        raise SeenError
    feature = 0 if primitive.kind in ("columns", "grid") else 1
    last = len(v.axes.values[op.output]) - 1
    return change.anew(frozenset((last, k) for axis, k in change.alike if axis == feature))


def learned(v: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """The value is the tensor; of the input only the number of samples counts."""
    return own[op.parameters[0]] if own else None


def fixed(v: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """Of the input only the number of samples counts."""
    return None


def window(v: Variation, op: Operation, given: Changes, own: Changes) -> Change | None:
    """A kernel that changes alike for all channels that it writes."""
    primitive: Any = op.primitive
    plain = primitive.groups == 1 and not primitive.transposed and not primitive.symmetry
    if given or not plain or primitive.prepared is not None:
        raise SeenError
    change = one({}, own)
    if change.part is not None:
        raise SeenError
    return change.anew(frozenset(own for own in change.alike if own[0] == 0))


RULES: dict[type[Primitive], Callable[..., Change | None]] = {
    Concat: concat,
    Contract: contract,
    Elementwise: elementwise,
    Fixed: fixed,
    Learned: learned,
    Lookup: lookup,
    Normalise: normalise,
    Reduce: reduce,
    Reshape: reshape,
    Slice: slice_,
    Transpose: transpose,
    Window: window,
}
