"""Group norms that are spelled out: an `instance_norm` of groups as channels, weight and bias."""

from __future__ import annotations

from graphgen.importers.network import Node, Weight
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.learned import along_one
from graphgen.importers.rules.norms import learned_operands
from graphgen.importers.rules.session import Replacement, Session


@rule("reshape", "unflatten", "flatten")
def group_norm(session: Session, node: Node) -> Replacement | None:
    """An `instance_norm` of `[groups, all the rest]`, back in the shape before, is of groups."""
    norm = session.made(node.inputs[0], "instance_norm")
    before = None if norm is None else session.made(norm.inputs[0], "reshape", "flatten")
    if norm is None or before is None or norm.fields.get("track_running_stats", False):
        return None
    x = before.inputs[0]
    if session.shape(x) != node.shape or len(before.shape) != 2 or not _is_plain(norm):
        return None
    groups, channels = before.shape[0], node.shape[0]
    if channels % groups:
        return None
    fields = {"num_groups": groups, "eps": norm.fields.get("eps", 1e-5), "affine": False}
    new = Replacement(session, node)
    return new.gives(new.add("group_norm", [x], fields))


def _is_plain(norm: Node) -> bool:
    """Whether a norm has no numbers of its own, or those that change nothing."""
    tensors = norm.tensors
    return all(_is(tensors[name], number) for name, number in PLAIN.items() if name in tensors)


PLAIN = {"weight": 1, "bias": 0}


def _is(weight: Weight, number: int) -> bool:
    return not weight.name and bool((weight.array == number).all())


@rule("multiply", "layer_scale")
def weight_of_group_norm(session: Session, node: Node) -> Replacement | None:
    """A group norm without a weight, times a learned number for each channel, has that weight."""
    for x, weight in learned_operands(session, node, "gamma"):
        norm = session.made(x, "group_norm")
        found = along_one(weight, node)
        if norm is None or found is None or found[0] != 1 or norm.fields.get("affine", True):
            continue
        if session.alone(x) and session.shape(x) == node.shape:
            fields = {key: value for key, value in norm.fields.items() if key != "affine"}
            new = Replacement(session, node)
            own = {"weight": found[1]}
            return new.gives(new.add("group_norm", norm.inputs, {**fields, "bias": False}, own))
    return None


@rule("add", "bias")
def bias_of_group_norm(session: Session, node: Node) -> Replacement | None:
    """A group norm without a bias, and a learned number added to each channel, has that bias."""
    for x, weight in learned_operands(session, node, "bias"):
        norm = session.made(x, "group_norm")
        found = along_one(weight, node)
        if norm is None or found is None or found[0] != 1 or norm.fields.get("bias", True):
            continue
        if session.alone(x) and session.shape(x) == node.shape:
            fields = {key: value for key, value in norm.fields.items() if key != "bias"}
            new = Replacement(session, node)
            own = {**norm.tensors, "bias": found[1]}
            return new.gives(new.add("group_norm", norm.inputs, fields, own))
    return None
