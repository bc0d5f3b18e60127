"""Variables and arguments: what a file and its blocks name, as expressions read it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

INDEX = "index"
"""The hint of numbers within names."""
NAME = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)


class UnwritableError(Exception):
    """A value that no expression can hold; less is folded then."""


@dataclass(frozen=True)
class Code:
    """The text of an expression."""

    text: str

    @property
    def factor(self) -> str:
        """The text as an operand."""
        plain = NAME.match(self.text) or re.fullmatch(r"\w+\[\w+\]", self.text)
        return self.text if plain else f"({self.text})"


@dataclass
class Pool:
    """The variables of a file: lists that are too long to stand where they are used."""

    variables: dict[str, Any] = field(default_factory=dict)
    arguments: set[str] = field(default_factory=set)

    def listed(self, values: list[Any], hint: str) -> str:
        """Give the name of the variable that holds a list."""
        for name, known in self.variables.items():
            if exactly(known) == exactly(values):
                return name
        plain = re.sub(r"\W", "_", hint)
        base = plain if plain.endswith("s") else f"{plain}s"
        name = free(base, {*self.variables, *self.arguments, *RESERVED})
        self.variables[name] = values
        return name


@dataclass
class Arguments:
    """What a block is given, by name: a value for each of its calls."""

    pool: Pool
    values: dict[str, list[Any]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def named(self, vector: list[Any], hint: str) -> Code:
        """Give the expression for a value of each call: an argument, or a multiple of one."""
        for name, known in self.values.items():
            if exactly(known) == exactly(vector):
                return Code(name)
        for name, known in self.values.items():
            for text, larger, smaller in (("*", vector, known), ("//", known, vector)):
                factor = _ratio(larger, smaller)
                if factor:
                    return Code(f"{factor} * {name}" if text == "*" else f"{name} // {factor}")
        for name, known in self.values.items() if hint == INDEX else ():
            step = _distance(vector, known)
            if step is not None:
                return Code(f"{name} {'+' if step > 0 else '-'} {abs(step)}")
        plain = re.sub(r"\W", "_", hint)
        name = free(plain, {*self.values, *self.taken, *self.pool.variables, *RESERVED})
        self.pool.arguments.add(name)
        self.values[name] = vector
        return Code(name)


RESERVED = frozenset({
    "block", "shape", "name", "inputs", "when", "share", "i", "j", "k", "m", "n", "true", "false",
    "null", "and", "or", "not", "if", "else", "in", "for", "abs", "ceil", "exp", "float", "floor",
    "int", "len", "log", "log2", "max", "min", "prod", "range", "round", "sqrt", "str", "sum",
    "parameters", "output_shape", "parametrizations",
})  # fmt: skip


def free(base: str, taken: set[str]) -> str:
    """Give a name that is not taken: the base, or with a number."""
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def exactly(value: Any) -> str:
    """Give a text that is equal for values that are exactly the same."""
    return repr(value)


def _ratio(larger: list[Any], smaller: list[Any]) -> int:
    if not all(type(value) is int and value > 0 for value in (*larger, *smaller)):
        return 0
    factor = larger[0] // smaller[0]
    alike = all(a == factor * b for a, b in zip(larger, smaller, strict=True))
    return factor if factor > 1 and alike else 0


def _distance(vector: list[Any], known: list[Any]) -> int | None:
    """Give by how much each number of a vector is greater than that of another, if by the same."""
    if not all(type(value) is int for value in (*vector, *known)):
        return None
    steps = {a - b for a, b in zip(vector, known, strict=True)}
    return steps.pop() if len(steps) == 1 else None
