"""Gated linear units, and the gated feedforward network of Llama."""

from __future__ import annotations

from graphgen.importers.network import Node, Weight
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.session import Replacement, Session
from graphgen.importers.rules.views import part_of


def part(session: Session, value: str) -> tuple[str, int, int, int] | None:
    """Give the value that one is a part of, the axis, the first item, and how many there are."""
    node = session.maker(value)
    if node is None or node.layer not in ("split", "chunk", "narrow", "slice"):
        return None
    source = node.inputs[0]
    shape = session.shape(source)
    dim = node.fields.get("dim", 1) % (len(shape) + 1)
    count = shape[dim - 1]
    if node.layer == "narrow":
        return source, dim, node.fields["start"] % count, node.fields["length"]
    if node.layer == "slice":
        fields = node.fields
        run = range(count)[fields.get("start") : fields.get("stop") : fields.get("step", 1)]
        return (source, dim, run.start, len(run)) if run.step == 1 else None
    return source, dim, *part_of(node, value, count)


@rule("multiply")
def glu(session: Session, node: Node) -> Replacement | None:
    """`a sigmoid(b)` of the two halves of a value is `glu`."""
    if len(node.inputs) != 2:
        return None
    for a, y in (node.inputs, node.inputs[::-1]):
        gate = session.made(y, "sigmoid")
        if gate is None:
            continue
        first, second = part(session, a), part(session, gate.inputs[0])
        if first is None or second is None or first[:2] != second[:2]:
            continue
        source, dim, start, half = first
        count = session.shape(source)[dim - 1]
        if start != 0 or second[2:] != (half, half) or 2 * half != count:
            continue
        new = Replacement(session, node)
        fields = {} if dim == len(node.shape) else {"dim": dim}
        return new.gives(new.add("glu", [source], fields))
    return None


@rule("linear")
def swiglu(session: Session, node: Node) -> Replacement | None:
    """`W_down (f(W_gate x) (W_up x))` is `swiglu`, where all three maps have a bias or none has."""
    product = session.made(node.inputs[0], "multiply")
    if product is None or len(product.inputs) != 2 or not session.alone(product.output):
        return None
    for a, b in (product.inputs, product.inputs[::-1]):
        function, up = session.made(a, "silu", "gelu", "relu", "sigmoid"), session.made(b, "linear")
        if function is None or up is None or not (session.alone(a) and session.alone(b)):
            continue
        gate = session.made(function.inputs[0], "linear")
        if gate is None or not session.alone(gate.output) or gate.inputs != up.inputs:
            continue
        maps = {"gate_proj": gate, "up_proj": up, "down_proj": node}
        biases = {each.fields.get("bias", True) for each in maps.values()}
        if function.fields.get("approximate", "none") != "none" or len(biases) != 1:
            continue
        if gate.shape != up.shape or node.shape[-1] != session.shape(up.inputs[0])[-1]:
            continue
        fields: dict[str, object] = {"hidden_features": gate.shape[-1]}
        fields |= {} if function.layer == "silu" else {"activation": function.layer}
        fields |= {"bias": True} if biases == {True} else {}
        tensors: dict[str, Weight] = {
            f"{name}.{local}": weight
            for name, each in maps.items()
            for local, weight in each.tensors.items()
        }
        new = Replacement(session, node)
        scope = common_scope(gate.scope, up.scope, node.scope)
        return new.gives(new.add("swiglu", gate.inputs, fields, tensors, scope=scope))
    return None


def common_scope(*scopes: str) -> str:
    """Give the module that all of these are in.

    >>> common_scope("layers.0.mlp.gate", "layers.0.mlp.up")
    'layers.0.mlp'
    """
    shared: list[str] = []
    for words in zip(*(scope.split(".") for scope in scopes), strict=False):
        if len(set(words)) > 1:
            break
        shared.append(words[0])
    return ".".join(shared)
