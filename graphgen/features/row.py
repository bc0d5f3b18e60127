"""One row of columns, and the fingerprint of what they leave out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import Any

from graphgen.template import Attributes

FINGERPRINT = tuple(f"fingerprint_{i}" for i in range(4))

# What an attribute is where nothing is said of it, so that it adds nothing.
USUAL: dict[str, Any] = {
    "count_include_pad": True,
    "approximate": "none",
    "align_corners": False,
    "reverse": False,
    "interleaved": False,
    "padding_mode": "zeros",
}


class Row:
    """The columns of a node group or an edge block, by name, and the rest that has none.

    `axes` is the number of axes that a window has as a rule.
    """

    def __init__(self, axes: int = 2) -> None:
        self.columns: dict[str, float] = {}
        self.rest: list[Any] = []
        self.axes = axes
        self.sources: dict[str, list[Any]] = {}

    def read(self, attributes: Attributes, place: int = -1) -> None:
        """Add the attributes of a step, at its place, or those of the row itself."""
        for name, value in attributes:
            if USUAL.get(name) == value:
                continue
            source = (place, name, value)
            found = run(value) if name == "over" else numeric(name, value, self.axes)
            if found is None:
                self.rest.append(source)
                continue
            if blurred(name, value):
                self.rest.append(source)
            column, number = found
            self.columns[column] = self.columns.get(column, 0.0) + number
            self.sources.setdefault(column, []).append(source)

    def numbers(self, names: Sequence[str]) -> list[float]:
        """Give the columns of these names in order, the last of them the fingerprint's."""
        places = places_of(tuple(names))
        for column, sources in self.sources.items():
            if len(sources) > 1 or column not in places:
                self.rest += sources
        own = [0.0] * (len(names) - len(FINGERPRINT))
        for column, number in self.columns.items():
            if places.get(column, len(own)) < len(own):
                own[places[column]] = number
        return own + fingerprint(self.rest)


@lru_cache(maxsize=16)
def places_of(names: tuple[str, ...]) -> dict[str, int]:
    """Give the place of each column."""
    return {name: place for place, name in enumerate(names)}


def fingerprint(rest: Sequence[Any]) -> list[float]:
    """Give small numbers that differ wherever `rest` differs, 0 where it is empty."""
    if not rest:
        return [0.0] * len(FINGERPRINT)
    digest = hashlib.sha256(repr(rest).encode()).digest()
    return [0.1 * (byte / 127.5 - 1) for byte in digest[: len(FINGERPRINT)]]


def mean(value: float | tuple[float, ...]) -> float:
    """Average a number or a tuple of numbers; 0 of none."""
    return sum(value) / max(1, len(value)) if isinstance(value, tuple) else float(value)


def log(value: int | tuple[int, ...]) -> float:
    """Give the logarithm of a size, or of the product of sizes."""
    return math.log(max(1, prod(value) if isinstance(value, tuple) else value))


def signed_log(value: float) -> float:
    """Give a logarithm that keeps signs, and 0 at 0."""
    return math.copysign(math.log1p(abs(value)), value)


READ: dict[str, tuple[str, Callable[[Any], float]]] = {
    "eps": ("eps", lambda eps: math.log10(eps + LEAST_EPS) / 5),
    "negative_slope": ("slope", float),
    "alpha": ("slope", float),
    "beta": ("slope", float),
    "frequency": ("frequency", signed_log),
    "factor": ("factor", signed_log),
    "kernel_size": ("kernel_size", mean),
    "stride": ("stride", mean),
    "padding": ("padding", mean),
    "dilation": ("dilation", mean),
    "output_padding": ("output_padding", mean),
    "output_size": ("output_size", mean),
    "transposed": ("transposed", float),
    "groups": ("groups", log),
    "size": ("size", log),
    "neurons": ("neurons", log),
    "count": ("count", log),
    "operands": ("operands", float),
    "operand": ("operand", lambda number: number + 1.0),
    "entries": ("entries", log),
    "cells": ("cells", log),
    "resolution": ("resolution", signed_log),
    "base": ("base", signed_log),
}
"""The column of an attribute, and the number that it adds there."""

LEAST_EPS = 1e-12
LOGARITHMS = {name for name, (_, read) in READ.items() if read in (log, signed_log)}
DIGITS, FINE = 5, 10
"""Digits that a logarithm in float32 tells of any number; below `FINE`, all that float32 has."""


def numeric(name: str, value: Any, axes: int) -> tuple[str, float] | None:
    """Give an attribute's column and its number there; None if that would not tell all of it."""
    if name not in READ:
        return None
    numbers = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(number, (bool, int, float)) for number in numbers):
        return None
    if isinstance(value, tuple) and (len(set(value)) > 1 or len(value) not in (0, axes)):
        return None
    if name == "eps" and 0 < value < LEAST_EPS:
        return None
    column, read = READ[name]
    return column, read(value)


def blurred(name: str, value: Any) -> bool:
    """Say whether numbers near to an attribute may have its column too, for that is a logarithm.

    >>> blurred("base", 10000.0), blurred("base", 10000.001), blurred("factor", 8**-0.5)
    (False, True, False)
    """
    if name not in LOGARITHMS | {"eps", "over"}:
        return False
    numbers = (value[0][1] if value else 0,) if name == "over" else value
    numbers = numbers if isinstance(numbers, tuple) else (numbers,)
    coarse = (n for n in numbers if name == "eps" or abs(n) >= FINE)
    return any(float(f"{n:.{DIGITS}g}") != n for n in coarse)


def run(over: Any) -> tuple[str, float] | None:
    """Give the column and the number of the positions that are taken together, if in one run."""
    if over == ():
        return "positions", 0.0
    if len(over) == 1 and isinstance(over[0], tuple) and over[0][:1] == (1,) and len(over[0]) == 2:
        return ("positions", math.log(over[0][1])) if over[0][1] > 1 else None
    return None
