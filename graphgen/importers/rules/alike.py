"""Whether two values are computed in the same way."""

from __future__ import annotations

from graphgen.importers.rules.session import Session

MOST_DEEP = 6


def same(session: Session, one: str, other: str, depth: int = MOST_DEEP) -> bool:
    """Say whether two values are one, or computed by the same layers of the same values."""
    if one == other:
        return True
    first, second = session.nodes.get(one), session.nodes.get(other)
    if first is None or second is None or not depth:
        return False
    if first.layer != second.layer or len(first.inputs) != len(second.inputs):
        return False
    if first.tensors or first.layer == "constant" or dict(first.fields) != dict(second.fields):
        return False
    pairs = zip(first.inputs, second.inputs, strict=True)
    return all(same(session, a, b, depth - 1) for a, b in pairs)
