"""Operations that are rewritten: those that stay as they are stay the same objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from spec import Operation
from spec.primitives import Primitive


def changed(operation: Operation, primitive: Primitive, inputs: Iterable[str]) -> Operation:
    """Give an operation with another primitive and other inputs, if they are others."""
    names = tuple(inputs)
    if primitive is operation.primitive and names == operation.inputs:
        return operation
    return replace(operation, primitive=primitive, inputs=names)
