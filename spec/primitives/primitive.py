"""The base of all primitives: an operation on values, with its shape rule and its axis rule."""

from __future__ import annotations

from dataclasses import Field, fields
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

MAX_AXES = 24
"""The most axes of a value or tensor, without the batch."""

MAX_ELEMENTS = 2**63 - 1
"""The most elements of a value or tensor: what an index can count."""

Shape = tuple[int, ...]
"""The shape of one sample; the batch axis `N` in front is implied everywhere."""


class ShapeError(Exception):
    """Shapes that do not fit an operation; whoever knows the place turns it into a `SpecError`."""


class RefusalError(ShapeError):
    """What has a meaning and is not said, as against a mistake; the page of refusals has each."""


class Primitive:
    """One operation of the small set that every layer expands into.

    A subclass states its shape rule (`shape`) and its axis rule (`channel_axis`). Everything else
    about it lives in rooms of the same name: `graphgen/lower/*`, `graphgen/evaluate` and
    `metanet/evaluate`.
    """

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    name: ClassVar[str]

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        """Give the output's shape, or raise `ShapeError`."""
        raise NotImplementedError

    def channel_axis(self, rank: int) -> int | None:
        """Name the axis of an input of this rank that holds neurons; None if any axis may."""
        return None

    def attributes(self) -> dict[str, object]:
        """List the attributes as plain values, in order of definition."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def counted(shape: Shape) -> Shape:
    """Give a shape back, or raise `ShapeError` where it has more axes or elements than may be."""
    if len(shape) > MAX_AXES:
        raise RefusalError(
            f"a value has at most {MAX_AXES} axes behind the batch, got {len(shape)}"
        )
    if prod(shape) > MAX_ELEMENTS:
        raise RefusalError(f"{list(shape)} has more than 2^63 - 1 elements")
    return shape


def show(shape: Shape) -> str:
    """Print a shape with its symbolic batch axis.

    >>> show((3, 32, 32))
    '[N, 3, 32, 32]'
    """
    return "[" + ", ".join(["N", *map(str, shape)]) + "]"
