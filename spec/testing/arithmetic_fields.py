"""Random fields of functions, of arithmetic and of learned values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING
from math import prod
from typing import Any

from spec.functions import Function
from spec.primitives import Shape
from spec.testing.layer_fields import Write, reduction
from spec.testing.pen import Fields, Pen


def constants(function: Function) -> Write:
    """Make the writer of a function's constants: each word, or numbers around the default."""

    def options(field: Any) -> Sequence[Any]:
        if "enum" in field.metadata["kind"].schema:
            return tuple(field.metadata["kind"].schema["enum"])
        usual = field.default if isinstance(field.default, float) else 1.0
        return 2 * usual, usual / 2, usual + 0.2

    def write(pen: Pen, x: Shape) -> Fields:
        return {
            name: pen.pick(options(field))
            for name, field in function.constants.items()
            if field.default is MISSING or pen.chance() == (field.default is not None)
        }

    return write


def along(pen: Pen, x: Shape) -> Fields:
    """Write what works along any one axis."""
    return pen.some(dim=pen.count(1, len(x)) - (len(x) + 1) * pen.chance(0.2))


def some_axes(pen: Pen, x: Shape) -> Fields:
    """Write what works over any axes, the first one if none is said."""
    return {key: value for key, value in reduction(pen, x).items() if key == "dim"}


def parameter(pen: Pen, x: Shape) -> Fields:
    """Write a learned value, mostly of the shape of another."""
    shape = list(x) if pen.chance(0.8) else [pen.count(1, 3) for _ in range(pen.count(0, 3))]
    shape = [1 if pen.chance(0.2) else size for size in shape]
    begun = {"initial": pen.pick(("normal", "uniform")), "value": 0.5}
    return {"shape": shape, **(begun if pen.chance() else pen.some(value=0.5))}


def constant(pen: Pen, x: Shape) -> Fields:
    """Write a fixed value, mostly of the shape of another, with equal numbers in it."""
    shape = [size if pen.chance(0.7) else 1 for size in x]
    if pen.chance(0.2):
        return {"values": pen.pick((0.5, -2)), "shape": shape}
    values = [pen.pick((0.5, -1, 2, 0)) for _ in range(prod(shape))]
    return {"values": values, **({} if len(shape) == 1 else {"shape": shape})}


def arange(pen: Pen, x: Shape) -> Fields:
    """Write a row of numbers, mostly as long as the last axis of another."""
    start, count = pen.pick((0, 1, -0.5)), x[-1] if x and pen.chance(0.8) else pen.count(1, 3)
    step = pen.pick((1, 0.5, -1))
    begun = {"start": start} if start or pen.chance() else {}
    return {**begun, "end": start + step * count, **({} if step == 1 else {"step": step})}


def band_mask(pen: Pen, x: Shape) -> Fields:
    """Write a mask, mostly of the shape of another."""
    rows, columns = x[-2:] if len(x) > 1 else (pen.count(1, 3), pen.count(1, 3))
    limits = {name: pen.count(0, 2) for name in ("before", "after") if pen.chance(0.7)}
    if columns != rows or pen.chance(0.2):
        limits["columns"] = columns
    return {"rows": rows, **limits}


def einsum(pen: Pen, x: Shape) -> Fields:
    """Write a sum of products of a value and one with as many axes, some of which are shared."""
    mine = "ijkl"[: len(x)]
    theirs = "".join(pen.pick((a, a, b)) for a, b in zip(mine, "mnop", strict=False))
    letters = sorted({*mine, *theirs})
    kept = [letters[place] for place in pen.order(len(letters))][: pen.count(0, 3)]
    head = pen.pick(("b", "..."))
    return {"equation": f"{head}{mine},{head}{theirs}->{head}{''.join(kept)}"}
