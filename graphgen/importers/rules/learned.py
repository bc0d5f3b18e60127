"""Learned values that are added or multiply: biases, embedded positions, factors, tokens."""

from __future__ import annotations

from dataclasses import replace

from graphgen.importers.network import Node, Weight
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.norms import learned_operands
from graphgen.importers.rules.numbers import affine_of
from graphgen.importers.rules.session import Replacement, Session

CHANNELS_FIRST = ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
                  "conv_transpose3d")  # fmt: skip


def along_one(weight: Weight, node: Node) -> tuple[int, Weight] | None:
    """Give the one axis that a learned value lies along, counted with the batch, and its vector."""
    shape = (1,) * (len(node.shape) - weight.array.ndim) + weight.array.shape
    axes = [axis for axis, n in enumerate(shape) if n > 1]
    if len(shape) != len(node.shape) or len(axes) != 1 or shape[axes[0]] != node.shape[axes[0]]:
        return None
    return axes[0] + 1, replace(weight, array=weight.array.reshape(-1))


def at(dim: int, node: Node) -> dict[str, int]:
    """Say along which axis, where it is not the last."""
    return {} if dim == len(node.shape) else {"dim": dim}


@rule("add")
def added(session: Session, node: Node) -> Replacement | None:
    """A learned vector that is added is a `bias`; vectors of a sequence are embedded positions."""
    for x, weight in learned_operands(session, node, "bias"):
        if session.shape(x) != node.shape or session.weight(x) is not None:
            continue
        new = Replacement(session, node)
        found = along_one(weight, node)
        if found is not None:
            dim, vector = found
            return new.gives(new.add("bias", [x], at(dim, node), {"bias": vector}))
        shape = weight.array.shape
        ends = node.shape[-2:]
        if len(ends) == 2 and shape[-2:] == ends and all(n == 1 for n in shape[:-2]):
            own = replace(weight, array=weight.array.reshape(ends))
            return new.gives(new.add("position_embedding", [x], {}, {"weight": own}))
    return None


@rule("add")
def part_of_table_added(session: Session, node: Node) -> Replacement | None:
    """Rows of a learned table, one after the other, are positions of a longer sequence."""
    if len(node.inputs) != 2:
        return None
    for x, y in (node.inputs, node.inputs[::-1]):
        wide = session.made(y, "reshape")
        rows = session.made(y if wide is None else wide.inputs[0], "narrow")
        weight = None if rows is None else session.weight(rows.inputs[0])
        if rows is None or weight is None or weight.array.ndim != 2 or rows.fields["dim"] != 1:
            continue
        ones = session.shape(y)[:-2]
        if session.shape(y)[-2:] != node.shape[-2:] or any(n != 1 for n in ones):
            continue
        if rows.shape != node.shape[-2:] or session.shape(x) != node.shape:
            continue
        fields = {"max_length": weight.array.shape[0], "offset": rows.fields["start"]}
        new = Replacement(session, node)
        return new.gives(new.add("position_embedding", [x], fields, {"weight": weight}))
    return None


@rule("multiply")
def multiplied(session: Session, node: Node) -> Replacement | None:
    """A learned vector that multiplies is a `layer_scale`."""
    for x, weight in learned_operands(session, node, "gamma"):
        found = along_one(weight, node)
        if found is None or session.shape(x) != node.shape or session.weight(x) is not None:
            continue
        dim, vector = found
        new = Replacement(session, node)
        return new.gives(new.add("layer_scale", [x], at(dim, node), {"gamma": vector}))
    return None


@rule("multiply")
def multiplied_by_one_more(session: Session, node: Node) -> Replacement | None:
    """`x (1 + w)` of a learned vector is `x + w x`, as in the norms of Gemma."""
    if len(node.inputs) != 2:
        return None
    for x, y in (node.inputs, node.inputs[::-1]):
        inner, scale, shift = affine_of(session, y)
        weight = session.weight(inner)
        if weight is None or (scale, shift) != (1, 1) or session.shape(x) != node.shape:
            continue
        found = along_one(weight, node)
        if found is None:
            continue
        dim, vector = found
        new = Replacement(session, node)
        scaled = new.add("layer_scale", [x], at(dim, node), {"gamma": vector})
        return new.gives(new.add("add", [x, scaled]))
    return None


@rule("add", "bias")
def bias_of_map(session: Session, node: Node) -> Replacement | None:
    """A linear map or convolution without a bias, behind which one is added, has it."""
    for x, weight in learned_operands(session, node, "bias"):
        inner = session.made(x, "linear", *CHANNELS_FIRST)
        if inner is None or inner.fields.get("bias", True) or not session.alone(x):
            continue
        found = along_one(weight, node)
        last = len(node.shape) if inner.layer == "linear" else 1
        if found is None or found[0] != last or session.shape(x) != node.shape:
            continue
        fields = {k: v for k, v in inner.fields.items() if k != "bias"}
        new = Replacement(session, node)
        tensors = {**inner.tensors, "bias": found[1]}
        return new.gives(new.add(inner.layer, inner.inputs, fields, tensors, scope=inner.scope))
    return None


@rule("add", "bias")
def bias_of_attention(session: Session, node: Node) -> Replacement | None:
    """Attention whose last map has no bias, behind which one is added, has it."""
    for x, weight in learned_operands(session, node, "bias"):
        core = session.made(x, "multihead_attention")
        found = along_one(weight, node)
        if core is None or found is None or found[0] != len(node.shape) or not session.alone(x):
            continue
        fields = dict(core.fields)
        every = fields.get("bias", True)
        if fields.pop("out_bias", every) or session.shape(x) != node.shape:
            continue
        fields |= {} if every else {"out_bias": True}
        new = Replacement(session, node)
        tensors = {**core.tensors, "out_proj.bias": found[1]}
        name = "multihead_attention"
        return new.gives(new.add(name, core.inputs, fields, tensors, scope=core.scope))
    return None


@rule("matmul")
def linear(session: Session, node: Node) -> Replacement | None:
    """The product with a learned matrix, without axes in front, is a `linear`."""
    x, y = node.inputs
    weight = session.weight(y)
    if weight is None or any(n != 1 for n in weight.array.shape[:-2]):
        return None
    if session.shape(x)[:-2] != node.shape[:-2]:
        return None
    own = replace(weight, array=weight.array.reshape(weight.array.shape[-2:]).T)
    new = Replacement(session, node)
    fields = {"out_features": int(own.array.shape[0]), "bias": False}
    return new.gives(new.add("linear", [x], fields, {"weight": own}))


@rule("concat")
def class_token(session: Session, node: Node) -> Replacement | None:
    """A learned token in front of a sequence is a `class_token`."""
    if len(node.inputs) != 2 or len(node.shape) != 2:
        return None
    token, x = node.inputs
    weight = session.weight(token)
    dim = node.fields.get("dim", 1) % (len(node.shape) + 1)
    if weight is None or dim != 1 or session.shape(token)[0] != 1 or session.weight(x) is not None:
        return None
    new = Replacement(session, node)
    return new.gives(new.add("class_token", [x], {}, {"weight": weight}))
