"""Choices of a random description, and the variables that it makes for numbers."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")
Fields = dict[str, Any]


class Pen:
    """Draws choices from a random generator, which may be one of `hypothesis`."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.variables: dict[str, Any] = {}
        self.meanings: dict[str, int] = {}

    def pick(self, options: Sequence[T]) -> T:
        """Draw one of some options; the first is the simplest."""
        return options[self.rng.randrange(len(options))]

    def chance(self, share: float = 0.5) -> bool:
        """Draw true in this share of cases."""
        return self.rng.randrange(100) >= 100 * (1 - share)

    def count(self, low: int, high: int) -> int:
        """Draw an integer between two, both included."""
        return self.rng.randrange(low, high + 1)

    def order(self, count: int) -> list[int]:
        """Draw an order of some items."""
        rest = list(range(count))
        return [rest.pop(self.rng.randrange(len(rest))) for _ in range(count)]

    def divisor(self, number: int) -> int:
        """Draw a divisor."""
        return self.pick([n for n in range(1, number + 1) if number % n == 0])

    def number(self, value: int) -> int | str:
        """Write an integer as such, as a variable, or as an expression of one."""
        way = self.count(0, 11)
        if way < 10:
            return value
        if way == 10:
            self.variables[f"size{value}"] = value
            text = f"$size{value}"
        else:
            self.variables["unit"] = 1
            text = (
                f"${{{value - 1} + unit}}"
                if value < 1 or self.chance()
                else f"${{max(unit, {value})}}"
            )
        self.meanings[text] = value
        return text

    def meaning(self, fields: Fields) -> Fields:
        """Give fields with their numbers in the places of variables."""
        return {
            key: self.meanings.get(value, value) if isinstance(value, str) else value
            for key, value in fields.items()
        }

    def sizes(self, values: Sequence[int]) -> int | list[int]:
        """Write one integer for each axis, or one for all where they are equal."""
        return values[0] if len(set(values)) == 1 and self.chance() else list(values)

    def some(self, **fields: Any) -> Fields:
        """Leave out some of the fields."""
        return {name: value for name, value in fields.items() if self.chance()}
