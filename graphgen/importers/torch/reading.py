"""A tracer that knows which operator of a program it is at, and the dtypes there."""

from __future__ import annotations

from typing import Any

from graphgen.importers.tracer import Tracer

FLOAT, INTEGER, BOOLEAN, COMPLEX = "float", "integer", "boolean", "complex"


class Reading(Tracer):
    """Traces a program of torch; `node` is the operator that is read."""

    node: Any = None

    def kind(self, place: int | str | None = None) -> str:
        """Say what numbers an argument holds, or the result where none is named."""
        node = self.node
        if place is not None:
            arguments = node.kwargs if isinstance(place, str) else dict(enumerate(node.args))
            node = arguments.get(place)
        return kind_of(node)


def kind_of(node: Any) -> str:
    """Say what numbers a node, or a number, holds."""
    if isinstance(node, bool):
        return BOOLEAN
    if isinstance(node, (int, float, complex)):
        return INTEGER if isinstance(node, int) else FLOAT
    value = node.meta.get("val") if hasattr(node, "meta") else None
    value = value[0] if isinstance(value, (list, tuple)) and value else value
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return FLOAT
    if dtype.is_floating_point:
        return FLOAT
    if dtype.is_complex:
        return COMPLEX
    return BOOLEAN if str(dtype) == "torch.bool" else INTEGER
