"""Movements and choices of a learned value are views of its tensor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from graphgen.importers.network import Node, Weight
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.numbers import AFFINE
from graphgen.importers.rules.session import Replacement, Session
from graphgen.importers.rules.views import CHOICES, MOVES, part_of
from spec.functions import FUNCTIONS

ALONE = (*AFFINE, *FUNCTIONS)


@rule(*sorted(MOVES | CHOICES))
def view_of_learned(session: Session, node: Node) -> Replacement | None:
    """A part or another shape of a learned value is one of its own, whose numbers stay in place.

    Not where they would have to be copied, nor where nothing reads the rest of the tensor, which
    would be lost.
    """
    weight = session.weight(node.inputs[0])
    if weight is None or node.further:
        return None
    if node.layer in CHOICES and not _all_is_read(session, node.inputs[0], weight):
        return None
    view = viewed(weight, node)
    return None if view is None else _learned(Replacement(session, node), view)


def _all_is_read(session: Session, value: str, weight: Weight) -> bool:
    """Say whether parts that are taken of a learned value are all of it together."""
    read = np.zeros(weight.array.shape, dtype=bool)
    for node in session.readers(value):
        part = viewed(replace(weight, array=read), node) if node.layer in CHOICES else None
        if part is None or node.further:
            return False
        part.array[...] = True
    return bool(read.all())


def _learned(new: Replacement, weight: Weight) -> Replacement:
    shape = [int(n) for n in weight.array.shape]
    return new.gives(new.add("parameter", [], {"shape": shape}, {"weight": weight}))


def viewed(weight: Weight, node: Node) -> Weight | None:
    """Give the view of a tensor that a layer makes of it; None if there is none."""
    array, fields = weight.array, node.fields
    rank = array.ndim + 1
    axis = fields.get("dim", 1)
    if node.layer == "permute":
        array = array.transpose([d % rank - 1 for d in fields["dims"][1:]])
    elif node.layer == "transpose":
        array = array.swapaxes(*(fields[name] % rank - 1 for name in ("dim0", "dim1")))
    elif node.layer in MOVES:
        array = array.reshape(node.shape)
    else:
        axis = axis % rank - 1
        count = array.shape[axis]
        if node.layer == "slice":
            run = slice(fields.get("start"), fields.get("stop"), fields.get("step", 1))
        elif node.layer == "narrow":
            start = fields["start"] % count
            run = slice(start, start + fields["length"])
        elif node.layer == "select":
            run = slice(fields["index"] % count, fields["index"] % count + 1)
        else:
            start, length = part_of(node, node.output, count)
            run = slice(start, start + length)
        array = array[(*(slice(None),) * axis, run)]
        array = array.reshape(node.shape) if node.layer == "select" else array
    if not np.shares_memory(array, weight.array):
        return None
    return replace(weight, array=array)


@rule("index_select")
def chosen_of_learned(session: Session, node: Node) -> Replacement | None:
    """Rows of a learned table that follow one another are cut out; one row for all is repeated."""
    weight = session.weight(node.inputs[0])
    index = node.fields.get("index")
    if weight is None or index is None or len(node.inputs) != 1:
        return None
    axis = node.fields["dim"] % (weight.array.ndim + 1) - 1
    places = np.asarray(index) % weight.array.shape[axis]
    steps = np.unique(np.diff(places))
    new = Replacement(session, node)
    start, dim = int(places[0]), axis + 1
    if len(places) == 1 or (len(steps) == 1 and steps[0] in (0, 1)):
        length = 1 if len(steps) and steps[0] == 0 else len(places)
        rows = new.add("narrow", node.inputs, {"dim": dim, "start": start, "length": length})
        if length == len(places):
            return new.gives(rows)
        return new.gives(new.add("expand", [rows], {"shape": list(node.shape)}))
    if len(steps) == 1 and steps[0] > 1:
        fields = {"dim": dim, "start": start, "stop": int(places[-1]) + 1, "step": int(steps[0])}
        return new.gives(new.add("slice", node.inputs, fields))
    return None


@rule(*sorted(MOVES))
def movement_of_function(session: Session, node: Node) -> Replacement | None:
    """What is computed item by item of a learned value moves as the value does."""
    chain = []
    value = node.inputs[0]
    while session.made(value, *ALONE):
        chain.append(session.nodes[value])
        value = chain[-1].inputs[0]
    if not chain or session.weight(value) is None:
        return None
    new = Replacement(session, node)
    value = new.add(node.layer, [value], node.fields)
    for each in reversed(chain):
        value = new.add(each.layer, [value], each.fields, scope=each.scope)
    return new.gives(value)


@rule(*sorted(MOVES))
def movement_of_copies(session: Session, node: Node) -> Replacement | None:
    """Axes of one that come or go beside repeated ones do so before these are repeated."""
    copied = session.made(node.inputs[0], "expand")
    if copied is None or session.weight(copied.inputs[0]) is None:
        return None
    shape = session.shape(copied.inputs[0])
    if len(shape) != len(copied.shape) or node.layer not in ("unsqueeze", "squeeze", "reshape"):
        return None
    narrow = [n for n, wide in zip(shape, copied.shape, strict=True) if wide > 1]
    if [n for n in node.shape if n > 1] != [n for n in copied.shape if n > 1]:
        return None
    before = iter(narrow)
    target = [next(before) if n > 1 else 1 for n in node.shape]
    new = Replacement(session, node)
    value = new.add("reshape", copied.inputs, {"shape": target})
    return new.gives(new.add("expand", [value], {"shape": list(node.shape)}))
