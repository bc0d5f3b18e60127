"""The inputs of a description, which are a mapping or a list of mappings."""

from __future__ import annotations

from typing import Any

from spec.context import Path


def entries(inputs: Any) -> list[tuple[Path, str, Any]]:
    """List the inputs with their places: of a mapping, or of a list of mappings, in order."""
    if isinstance(inputs, dict):
        return [(("inputs", name), name, shape) for name, shape in inputs.items()]
    rows = enumerate(inputs) if isinstance(inputs, list) else ()
    return [
        (("inputs", i, name), name, shape)
        for i, row in rows
        if isinstance(row, dict)
        for name, shape in row.items()
    ]
