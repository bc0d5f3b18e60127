"""Ranges: what a setting may be, to be drawn anew for each network of a zoo."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from spec.errors import kind, quoted
from spec.fields import FieldError
from spec.suggestions import suggest


class Range(ABC):
    """A set of values with a distribution on it."""

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Any:
        """Draw a value, by one call of `rng.random()` unless it is a constant."""

    @abstractmethod
    def extremes(self) -> tuple[Any, ...]:
        """List the values among which every other one lies; of a choice, all of them."""

    @abstractmethod
    def plain(self) -> Any:
        """Give the form in which settings write it, with numbers of one type."""


@dataclass(frozen=True)
class Constant(Range):
    """One value."""

    value: Any

    def draw(self, rng: np.random.Generator) -> Any:
        return self.value

    def extremes(self) -> tuple[Any, ...]:
        return (self.value,)

    def plain(self) -> Any:
        return self.value


@dataclass(frozen=True)
class Choice(Range):
    """`{choice: [a, b, ...]}`: one of a list, each as likely as another."""

    values: tuple[Any, ...]

    def draw(self, rng: np.random.Generator) -> Any:
        return self.values[int(rng.random() * len(self.values))]

    def extremes(self) -> tuple[Any, ...]:
        return self.values

    def plain(self) -> Any:
        return {"choice": list(self.values)}


@dataclass(frozen=True)
class Interval(Range):
    """The ranges between two numbers."""

    low: Any
    high: Any

    def extremes(self) -> tuple[Any, ...]:
        return (self.low, self.high)

    def plain(self) -> Any:
        name = next(name for name, range_ in INTERVALS.items() if range_ is type(self))
        return {name: [getattr(self, field.name) for field in fields(self)]}


@dataclass(frozen=True)
class Uniform(Interval):
    """`{uniform: [low, high]}`: a float."""

    def draw(self, rng: np.random.Generator) -> float:
        return self.low + (self.high - self.low) * rng.random()


@dataclass(frozen=True)
class LogUniform(Interval):
    """`{log_uniform: [low, high]}`: a float whose logarithm is uniform; both ends positive."""

    def draw(self, rng: np.random.Generator) -> float:
        low, high = math.log(self.low), math.log(self.high)
        drawn = math.exp(low + (high - low) * rng.random())
        # exp(log(x)) may be off by a rounding error.
        return min(max(drawn, self.low), self.high)


@dataclass(frozen=True)
class Integers(Interval):
    """`{integers: [low, high]}`: an integer, both ends included."""

    def draw(self, rng: np.random.Generator) -> int:
        return self.low + int((self.high - self.low + 1) * rng.random())


INTERVALS: dict[str, type[Interval]] = {
    "uniform": Uniform,
    "log_uniform": LogUniform,
    "integers": Integers,
}
NAMES = ("choice", *INTERVALS)
MOST_OPTIONS = 1000


def parse(value: object, convert: Callable[[object], Any] = lambda value: value) -> Range:
    """Read a range, or a constant, as settings write it.

    `convert` checks and normalises each of its extreme values. Raises `FieldError`.

    >>> parse({"integers": [2, 5]}).extremes()
    (2, 5)
    """
    if not isinstance(value, dict):
        return Constant(convert(value))
    if len(value) != 1 or next(iter(value)) not in NAMES:
        key = next((str(key) for key in value if key not in NAMES), "")
        found = ", ".join(map(str, value)) or "none"
        raise FieldError(
            f"a range has one key of {', '.join(NAMES)}, got {found}{suggest(key, NAMES)}"
        )
    ((name, content),) = value.items()
    if name == "choice":
        if not isinstance(content, list) or not content:
            raise FieldError(f"`choice` expected a list of values, got {_shown(content)}")
        if len(content) > MOST_OPTIONS:
            raise FieldError(
                f"`choice` expected at most {MOST_OPTIONS} values, got {len(content)}: give an "
                "interval in their place"
            )
        return Choice(tuple(_located(convert, option, name) for option in content))
    low, high = _ends(name, content)
    _located(convert, low, name)
    _located(convert, high, name)
    return INTERVALS[name](low, high)


def _ends(name: str, content: object) -> tuple[float, float]:
    number: type | tuple[type, ...] = int if name == "integers" else (int, float)
    word = "integers" if name == "integers" else "numbers"
    if (
        not isinstance(content, list)
        or len(content) != 2
        or not all(isinstance(end, number) and not isinstance(end, bool) for end in content)
    ):
        raise FieldError(f"`{name}` expected a list of two {word}, got {_shown(content)}")
    low, high = content if name == "integers" else map(float, content)
    if not (math.isfinite(high - low) and low <= high):
        raise FieldError(f"`{name}` expected two finite {word} in order, got {_shown(content)}")
    if name == "log_uniform" and low <= 0:
        raise FieldError(f"`log_uniform` expected two positive numbers, got {_shown(content)}")
    return low, high


def _located(convert: Callable[[object], Any], value: object, name: str) -> Any:
    try:
        return convert(value)
    except FieldError as error:
        raise FieldError(f"in `{name}`: {error}") from None


def _shown(content: object) -> str:
    return quoted(content) if isinstance(content, list) else f"{kind(content)} {quoted(content)}"
