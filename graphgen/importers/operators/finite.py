"""Whether shares are numbers: a softmax of scores of which some are finite gives no others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.network import Node
from graphgen.importers.traced import Value
from graphgen.importers.tracer import Tracer

PASSING = ("affine", "scale_by", "shift_by", "reshape", "add", "subtract")


def always_shares(t: Tracer, x: Value) -> bool:
    """Say whether a value is a softmax along its last axis that has a finite score in each row.

    Scores are finite but for what fixed masks, which are added or chosen, make of them.
    """
    nodes = {node.output: node for node in t.nodes}
    node = nodes.get(x.name)
    if node is None or node.layer != "softmax":
        return False
    if node.fields.get("dim", -1) % (len(node.shape) + 1) != len(node.shape):
        return False
    finite = _finite(nodes, node.inputs[0])
    return finite is not None and bool(finite.any(axis=-1).all() if finite.ndim else finite)


def _finite(nodes: dict[str, Node], name: str) -> NDArray[Any] | None:
    """Say which scores are finite, where a fixed mask says it; None where a mask is computed."""
    node = nodes.get(name)
    if node is None:
        return np.array(True)
    if node.layer == "constant":
        return np.isfinite(np.asarray(node.fields["values"], dtype=np.float64))
    if node.layer == "masked_fill" and np.isinf(float(node.fields["value"])):
        mask, inner = nodes.get(node.inputs[1]), _finite(nodes, node.inputs[0])
        if mask is None or mask.layer != "constant" or inner is None:
            return None
        return _and(inner, np.asarray(mask.fields["values"]) == 0)
    if node.layer == "where":
        condition = nodes.get(node.inputs[0])
        sides = [_finite(nodes, side) for side in node.inputs[1:]]
        if sides[0] is None or sides[1] is None:
            return None
        if sides[0].all() and sides[1].all():
            return np.array(True)
        if condition is None or condition.layer != "constant":
            return None
        chosen = np.asarray(condition.fields["values"]) != 0
        return np.where(chosen, sides[0], sides[1])
    if node.layer in PASSING:
        found: NDArray[Any] = np.array(True)
        for each in node.inputs:
            inner = _finite(nodes, each)
            if inner is None or (node.layer == "reshape" and not inner.all()):
                return None
            found = _and(found, inner)
        return found
    return np.array(True)


def _and(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = np.logical_and(one, other)
    return result
