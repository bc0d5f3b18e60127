"""Softmax that is spelled out: exponentials by their sum, and logarithms of it."""

from __future__ import annotations

from graphgen.importers.network import Node
from graphgen.importers.rules.alike import same
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.session import Replacement, Session


def over_one_axis(session: Session, node: Node | None) -> int | None:
    """Give the one axis that a statistic goes over and keeps, or None."""
    if node is None or not node.fields.get("keepdim", False) or len(node.fields["dim"]) != 1:
        return None
    return int(node.fields["dim"][0]) % (len(session.shape(node.inputs[0])) + 1)


@rule("divide")
def softmax(session: Session, node: Node) -> Replacement | None:
    """`exp(x) / sum(exp(x))` over one axis is `softmax`."""
    x, y = node.inputs
    top, total = session.made(x, "exp"), session.made(y, "sum")
    dim = over_one_axis(session, total)
    if top is None or total is None or dim is None or not same(session, total.inputs[0], x):
        return None
    new = Replacement(session, node)
    return new.gives(new.add("softmax", top.inputs, {"dim": dim}))


@rule("softmax", "log_softmax")
def shifted(session: Session, node: Node) -> Replacement | None:
    """What all items along the axis lose alike plays no part, as the maximum that is subtracted."""
    apart = session.made(node.inputs[0], "subtract")
    if apart is None:
        return None
    x, y = apart.inputs
    dim = node.fields.get("dim", -1) % (len(node.shape) + 1)
    most = session.made(y, "amax")
    if over_one_axis(session, most) != dim or most is None or not same(session, most.inputs[0], x):
        return None
    new = Replacement(session, node)
    return new.gives(new.add(node.layer, [x], node.fields))


@rule("log")
def log_of_softmax(session: Session, node: Node) -> Replacement | None:
    """The logarithm of `softmax` is `log_softmax`."""
    shares = session.made(node.inputs[0], "softmax")
    if shares is None:
        return None
    new = Replacement(session, node)
    return new.gives(new.add("log_softmax", shares.inputs, shares.fields))


@rule("exp")
def exp_of_log_softmax(session: Session, node: Node) -> Replacement | None:
    """The exponential of `log_softmax` is `softmax`."""
    logs = session.made(node.inputs[0], "log_softmax")
    if logs is None:
        return None
    new = Replacement(session, node)
    return new.gives(new.add("softmax", logs.inputs, logs.fields))


@rule("subtract")
def log_softmax(session: Session, node: Node) -> Replacement | None:
    """`x - log(sum(exp(x)))` over one axis is `log_softmax`."""
    x, y = node.inputs
    total = session.made(y, "logsumexp")
    inner = None if total is None else total.inputs[0]
    if total is None:
        logarithm = session.made(y, "log")
        total = None if logarithm is None else session.made(logarithm.inputs[0], "sum")
        top = None if total is None else session.made(total.inputs[0], "exp")
        inner = None if top is None else top.inputs[0]
    dim = over_one_axis(session, total)
    if inner is None or dim is None or not same(session, inner, x):
        return None
    new = Replacement(session, node)
    return new.gives(new.add("log_softmax", [x], {"dim": dim}))
