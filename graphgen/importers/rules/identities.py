"""What changes nothing: identities, concatenations of one, copies that are made anyway."""

from __future__ import annotations

from graphgen.importers.network import Node
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.session import Replacement, Session


@rule("identity", "dropout", "concat", "add", "multiply", "maximum", "minimum", "expand",
      "narrow", "slice", "pad", "tile", "repeat_interleave")  # fmt: skip
def nothing(session: Session, node: Node) -> Replacement | None:
    """Leave out a layer that gives its only input as it is; dropout acts in training alone."""
    if len(node.inputs) != 1 or session.shape(node.inputs[0]) != node.shape:
        return None
    if node.layer == "slice" and node.fields.get("step", 1) < 0:
        return None
    if node.layer == "pad" and any(node.fields["pad"]):
        return None
    return Replacement(session, node).gives(node.inputs[0])


COMBINING = (
    "add", "multiply", "subtract", "divide", "maximum", "minimum", "where", "masked_fill",
    "eq", "ne", "lt", "le", "gt", "ge",
)  # fmt: skip


@rule(*COMBINING)
def broadcast(session: Session, node: Node) -> Replacement | None:
    """Read what is repeated along axes of one as it is, where it is repeated anyway."""
    if len(node.inputs) < 2:
        return None
    for place, name in enumerate(node.inputs):
        copied = session.made(name, "expand")
        if copied is None:
            continue
        source = copied.inputs[0]
        if len(session.shape(source)) != len(copied.shape):
            continue
        inputs = (*node.inputs[:place], source, *node.inputs[place + 1 :])
        new = Replacement(session, node)
        if new.shape(new.add(node.layer, inputs, node.fields)) == node.shape:
            return new.gives(new.nodes[-1].output)
    return None


@rule("where", "masked_fill")
def chosen(session: Session, node: Node) -> Replacement | None:
    """Leave out a choice that a fixed condition makes alike for all items."""
    if node.layer == "where":
        condition, x, y = node.inputs
    else:
        y, condition = node.inputs
        x = ""
    array = session.array(condition)
    if array is None:
        return None
    for value, all_so in ((x, bool((array != 0).all())), (y, bool((array == 0).all()))):
        if all_so and value and session.shape(value) == node.shape:
            return Replacement(session, node).gives(value)
    return None


@rule("add", "multiply")
def neutral(session: Session, node: Node) -> Replacement | None:
    """Leave out an addend of zeros or a factor of ones that has the shape of the others or less."""
    neutral = 0.0 if node.layer == "add" else 1.0
    kept = tuple(name for name in node.inputs if session.number(name) != neutral)
    if len(kept) == len(node.inputs) or not kept:
        return None
    new = Replacement(session, node)
    value = kept[0] if len(kept) == 1 else new.add(node.layer, kept)
    return new.gives(value) if new.shape(value) == node.shape else None
