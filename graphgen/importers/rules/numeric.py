"""Computes layers of a network that is being rewritten, to know a linear map by what it does."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate import NUMPY
from graphgen.importers.network import Node
from graphgen.importers.rules.session import Session
from spec.layer import LAYERS, Scope, Value

Array = NDArray[Any]


def computed(session: Session, value: str, known: dict[str, Array]) -> Array:
    """Compute a value of those that are known, with samples in front, and of fixed numbers."""
    if value in known:
        return known[value]
    array = session.table(value)
    if array is not None:
        return np.asarray(array, dtype=np.float64)[None]
    node = session.maker(value)
    if node is None or node.tensors:
        raise KeyError(value)
    inputs = [computed(session, name, known) for name in node.inputs]
    known |= dict(zip(node.outputs, run(node, inputs), strict=True))
    return known[value]


def run(node: Node, inputs: list[Array]) -> list[Array]:
    """Compute a layer without tensors: its output and its further values."""
    made, _ = LAYERS[node.layer].from_fields(node.fields)
    if made is None:
        raise KeyError(node.output)
    values = [Value(f"input{i}", x.shape[1:]) for i, x in enumerate(inputs)]
    scope = Scope("", {})
    made = made.infer(*(value.shape for value in values))
    output = made.expand(scope, *values)
    known = {value.name: x for value, x in zip(values, inputs, strict=True)}
    for operation in scope.operations:
        read = [known[name] for name in operation.inputs]
        known[operation.output] = NUMPY[type(operation.primitive)](operation.primitive, *read)
    names = [output.name, *(scope.further[local].name for local in node.further)]
    return [known[name] for name in names]
