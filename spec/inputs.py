"""The inputs of a description: their shapes, and what each of their axes holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spec.context import Path
from spec.errors import quoted
from spec.fields import FieldError, to_integer
from spec.primitives import Shape, counted
from spec.suggestions import suggest

NEURONS = ("features", "channels")
"""The names of an axis that holds neurons; any other word names positions."""


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


BATCH = ("batch", "batch_size")


class AxisError(FieldError):
    """What is wrong with the size or the name of one axis."""

    def __init__(self, axis: int, message: str) -> None:
        super().__init__(message)
        self.axis = axis


def to_shape(sizes: Any) -> Shape:
    """Check the shape of an input; raises `FieldError`, or `ShapeError` for what is too large."""
    if not isinstance(sizes, list):
        raise FieldError(f"got {quoted(sizes)}")
    found = []
    for axis, size in enumerate(sizes):
        try:
            found.append(to_integer(size, 1))
        except FieldError as error:
            raise AxisError(axis, str(error)) from None
    return counted(tuple(found))


def to_axes(names: Any, shape: Shape) -> tuple[str, ...]:
    """Check what the axes of an input are called; raises `FieldError`."""
    if not isinstance(names, list):
        raise FieldError(f"expected a list of names, got {quoted(names)}")
    if len(names) != len(shape):
        raise FieldError(f"expected {len(shape)} names, one for each axis, got {len(names)}")
    for axis, name in enumerate(names):
        if not isinstance(name, str) or not name:
            raise AxisError(axis, f"expected a name, got {quoted(name)}")
        if name.lower() in BATCH:
            raise AxisError(axis, f"{quoted(name)}: the batch is no axis of a shape: leave it out")
        hint = suggest(name, NEURONS) if name not in NEURONS else ""
        if hint:
            raise AxisError(axis, f"{quoted(name)} is neither {' nor '.join(NEURONS)}{hint}")
    return tuple(names)


def neuron_axes(axes: Sequence[str]) -> tuple[int, ...]:
    """Give the axes that are said to hold neurons; the others hold positions."""
    return tuple(axis for axis, name in enumerate(axes) if name in NEURONS)
