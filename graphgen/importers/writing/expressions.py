"""Values that differ from instance to instance, as expressions of the language.

An instance has coordinates: which call of the block it is in, and the turns of the loops in there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from graphgen.importers.writing.variables import (
    INDEX,
    NAME,
    Arguments,
    Code,
    Pool,
    UnwritableError,
    exactly,
)

Coordinates = tuple[int, ...]
LONGEST = 48
"""The most characters of a list within an expression; longer ones become variables."""
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Setting:
    """Where values stand: the coordinates of all instances, the loops, the block's arguments."""

    coordinates: Sequence[Coordinates]
    loops: tuple[str, ...]
    arguments: Arguments | None
    pool: Pool

    def express(self, values: Sequence[Any], hint: str) -> Any:
        """Give what says a value for every instance: a plain value, or a text with expressions."""
        values = list(values)
        if all(_same(value, values[0]) for value in values):
            return escaped(values[0])
        if all(isinstance(value, str) for value in values):
            return self._text(values, hint)
        code = self._code(values, hint)
        return said(code.text) if isinstance(code, Code) else escaped(code)

    def _text(self, values: list[str], hint: str) -> str:
        rows = [_DIGITS.split(value) for value in values]
        pattern = [row[::2] for row in rows]
        numbers = [[str(int(n)) == n for n in row[1::2]] for row in rows]
        if any(texts != pattern[0] for texts in pattern) or not all(map(all, numbers)):
            return said(_code_text(self._code(values, hint)))
        texts: list[str] = [str(escaped(pattern[0][0]))]
        for place, text in enumerate(pattern[0][1:]):
            code = self._code([int(row[2 * place + 1]) for row in rows], INDEX)
            after = str(escaped(text))
            if isinstance(code, Code):
                short = NAME.match(code.text) and not re.match(r"[A-Za-z0-9_]", after)
                texts.append(f"${code.text}" if short else said(code.text, braces=True))
            else:
                texts.append(str(code))
            texts.append(after)
        return "".join(texts)

    def _code(self, values: list[Any], hint: str) -> Any:
        table = dict(zip(self.coordinates, values, strict=True))
        found = _solve(table, self.loops, self, hint)
        if isinstance(found, Code) and len(found.text) > 900:
            raise UnwritableError(f"an expression of {len(found.text)} characters")
        return found

    def listed(self, values: list[Any], hint: str) -> Code:
        """Give a list of values as an expression, or the variable that holds it."""
        text = literal_code(values)
        plain = all(not isinstance(value, str) for value in values)
        if len(text) <= LONGEST or not plain:
            return Code(text)
        return Code(self.pool.listed(values, hint))


def _solve(
    table: Mapping[Coordinates, Any], loops: tuple[str, ...], setting: Setting, hint: str
) -> Any:
    """Give a value by its coordinates: a plain value, or the code that says it."""
    values = list(table.values())
    if all(_same(value, values[0]) for value in values):
        return values[0]
    for place, loop in enumerate(loops, start=1):
        vector = _along(table, lambda at, place=place: at[place])  # type: ignore[misc]
        if vector is not None:
            return _counted(vector, loop, setting, hint)
    calls = _along(table, lambda at: at[0])
    if calls is not None and setting.arguments is not None:
        return setting.arguments.named(calls, hint)
    if not loops:
        raise UnwritableError("values differ in one place")
    rows: dict[Coordinates, list[Any]] = {}
    for at, value in table.items():
        rows.setdefault(at[:-1], []).append(value)
    if all(all(_same(value, row[0]) for value in row) for row in rows.values()):
        return _solve({at: row[0] for at, row in rows.items()}, loops[:-1], setting, hint)
    loop = loops[-1]
    step = _step(list(rows.values()))
    if step:
        start = _solve({at: row[0] for at, row in rows.items()}, loops[:-1], setting, hint)
        turns = loop if abs(step) == 1 else f"{abs(step)} * {loop}"
        return Code(f"{_operand(start)} {'+' if step > 0 else '-'} {turns}")
    if all(len(row) > 1 and all(_same(v, row[1]) for v in row[2:]) for row in rows.values()):
        start = _solve({at: row[0] for at, row in rows.items()}, loops[:-1], setting, hint)
        rest = _solve({at: row[1] for at, row in rows.items()}, loops[:-1], setting, hint)
        return Code(f"{_operand(start)} if {loop} == 0 else {_operand(rest)}")
    found = _solve(rows, loops[:-1], setting, hint)
    code = found if isinstance(found, Code) else setting.listed(found, hint)
    return Code(f"{code.factor if isinstance(found, Code) else code.text}[{loop}]")


def _step(rows: list[list[Any]]) -> int:
    """Give the step by which all rows of numbers grow; 0 if there is none."""
    if not all(type(value) is int for row in rows for value in row):
        return 0
    steps = {b - a for row in rows for a, b in pairwise(row)}
    return int(steps.pop()) if len(steps) == 1 else 0


def _along(table: Mapping[Coordinates, Any], key: Callable[[Coordinates], int]) -> list[Any] | None:
    """Give the values along one coordinate, if nothing else decides."""
    found: dict[int, Any] = {}
    for at, value in table.items():
        if not _same(found.setdefault(key(at), value), value):
            return None
    return [found[place] for place in range(len(found))] if sorted(found)[-1] < len(found) else None


def _counted(vector: list[Any], loop: str, setting: Setting, hint: str) -> Code:
    """Give the values of the turns of a loop: by a rule, or as a list."""
    if all(type(value) is int for value in vector):
        step = vector[1] - vector[0]
        if all(b - a == step for a, b in pairwise(vector)) and (len(vector) > 2 or abs(step) == 1):
            return Code(_affine(loop, step, vector[0]))
        ratio = vector[1] // vector[0] if vector[0] > 0 else 0
        if ratio > 1 and all(b == a * ratio for a, b in pairwise(vector)):
            return Code(f"{vector[0]} * {ratio} ** {loop}")
    if all(isinstance(value, str) for value in vector) and len(vector) > 2:
        rest = _joined(vector[1:], loop)
        if rest is not None:
            return Code(f"{literal_code(vector[0])} if {loop} == 0 else {rest}")
    if all(_same(value, vector[1]) for value in vector[2:]):
        return Code(f"{literal_code(vector[0])} if {loop} == 0 else {literal_code(vector[1])}")
    if all(_same(value, vector[0]) for value in vector[:-1]):
        end = len(vector) - 1
        return Code(f"{literal_code(vector[0])} if {loop} < {end} else {literal_code(vector[-1])}")
    for period in (2, 3, 4):
        if len(vector) >= 2 * period and all(
            _same(value, vector[place % period]) for place, value in enumerate(vector)
        ):
            return Code(f"{literal_code(vector[:period])}[{loop} % {period}]")
    return Code(f"{setting.listed(vector, hint).text}[{loop}]")


def _joined(texts: list[str], loop: str) -> str | None:
    """Write texts that differ in numbers alone, from the second turn on; None if none does."""
    rows = [_DIGITS.split(text) for text in texts]
    if any(row[::2] != rows[0][::2] for row in rows) or len({*texts}) == 1:
        return None
    found = []
    for place, part in enumerate(rows[0]):
        column = [row[place] for row in rows]
        if place % 2 == 0 or len({*column}) == 1:
            found.append((False, part))
            continue
        numbers = [int(text) for text in column]
        step = numbers[1] - numbers[0]
        steps = {b - a for a, b in pairwise(numbers)}
        if steps != {step} or [str(n) for n in numbers] != column:
            return None
        found.append((True, f"str({_affine(loop, step, numbers[0] - step)})"))
    texts_, code = "", []
    for is_code, text in found:
        if is_code:
            code += [literal_code(texts_), text] if texts_ else [text]
            texts_ = ""
        else:
            texts_ += text
    return " + ".join([*code, literal_code(texts_)] if texts_ else code)


def _affine(loop: str, step: int, start: int) -> str:
    turns = loop if step == 1 else f"{step} * {loop}" if step != -1 else f"-{loop}"
    if start == 0:
        return turns
    if step < 0:
        return f"{start} - {loop if step == -1 else f'{-step} * {loop}'}"
    return f"{turns} {'+' if start > 0 else '-'} {abs(start)}"


def _operand(value: Any) -> str:
    if isinstance(value, Code):
        return value.factor if " if " in value.text else value.text
    return literal_code(value)


def _code_text(value: Any) -> str:
    return value.text if isinstance(value, Code) else literal_code(value)


def said(code: str, braces: bool = False) -> str:
    """Write code as an expression."""
    return f"${code}" if NAME.match(code) and not braces else f"${{{code}}}"


def literal_code(value: Any) -> str:
    """Write a plain value in an expression."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        if not re.fullmatch(r"[\w.\-]*", value):
            raise UnwritableError(f"the text {value!r} in an expression")
        return f"'{value}'"
    if isinstance(value, list):
        return f"[{', '.join(map(literal_code, value))}]"
    text = repr(value)
    if text in ("inf", "-inf", "nan"):
        raise UnwritableError("a number that is not finite in an expression")
    return text


def escaped(value: Any) -> Any:
    """Give a plain value such that no variable is read into its texts."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list):
        return [escaped(item) for item in value]
    if isinstance(value, dict):
        return {key: escaped(item) for key, item in value.items()}
    return value


def _same(a: Any, b: Any) -> bool:
    return a is b or exactly(a) == exactly(b)
