"""Fields: what a mapping of the settings may hold, as a table, and its check."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pipelines.zoo.ranges import Constant, Range, parse
from spec.context import Path
from spec.errors import Problem, SpecError, kind, quoted
from spec.fields import FieldError, to_integer
from spec.suggestions import suggest
from spec.yaml_reader import Document, read_file

REQUIRED: Any = ...
MOST = 10**9
"""The largest integer of most settings: more of anything is a mistake of typing."""


@dataclass(frozen=True)
class Place:
    """A place in a document, which notes problems for all that was found in it."""

    document: Document
    path: Path
    problems: list[Problem] = field(default_factory=list)

    def __truediv__(self, key: str | int) -> Place:
        return Place(self.document, (*self.path, key), self.problems)

    @property
    def value(self) -> Any:
        """The data here."""
        data = self.document.data
        for key in self.path:
            data = data[key]
        return data

    @property
    def name(self) -> str:
        """What messages call this place: the last key on the way to it."""
        keys = [key for key in self.path if isinstance(key, str)]
        return f"`{keys[-1]}`" if keys else "a zoo"

    def note(self, message: str, key: bool = False) -> None:
        """Note a problem here, or at the key that leads here."""
        self.problems.append(self.document.problem(self.path, message, key=key))


@dataclass(frozen=True)
class Field:
    """One field: `convert` checks and normalises its value, and raises `FieldError`."""

    convert: Callable[[object], Any]
    default: Any = REQUIRED
    ranged: bool = False


AnySettings: TypeAlias = str | os.PathLike[str] | Mapping[str, Any]
"""Settings: the path of a YAML file, or what it would hold, as plain data."""


def read_document(settings: AnySettings) -> Document:
    """Read settings; in those that are plain data, paths begin at the current folder."""
    if isinstance(settings, Mapping):
        return Document.from_data(dict(settings), "settings")
    return read_file(settings)


def find_settings(path: AnySettings, section: str, table: Mapping[str, Field], what: str) -> Place:
    """Find settings in a YAML file, alone or as one of its sections; `SpecError` without them."""
    document = read_document(path)
    data = document.data
    if isinstance(data, dict) and section in data:
        return Place(document, (section,))
    place = Place(document, ())
    if not (isinstance(data, dict) and set(data) & set(table)):
        message = f"expected the settings of {what}, here or under the key `{section}`"
        place.note(f"{message}, got {kind(data)} without them")
        raise SpecError(place.problems)
    return place


def read_fields(place: Place, fields: Mapping[str, Field]) -> dict[str, Any]:
    """Check the mapping at `place`: its values, without those that had a problem.

    A ranged field gives a `Range`, be it a `Constant`.
    """
    data = place.value
    if not isinstance(data, dict):
        place.note(f"{place.name}: expected a mapping with {', '.join(fields)}, got {kind(data)}")
        return {}
    for key in data:
        if key not in fields:
            hint = suggest(key, fields) or f"; its fields: {', '.join(fields)}"
            (place / key).note(f"{place.name} has no field {key!r}{hint}", key=True)
    values: dict[str, Any] = {}
    for name, entry in fields.items():
        if name not in data:
            if entry.default is REQUIRED:
                place.note(f"{place.name} needs the field `{name}`", key=bool(place.path))
            else:
                values[name] = Constant(entry.default) if entry.ranged else entry.default
            continue
        try:
            values[name] = (
                parse(data[name], entry.convert) if entry.ranged else entry.convert(data[name])
            )
        except FieldError as error:
            (place / name).note(f"`{name}`: {error}")
    return values


def read_ranges(place: Place) -> dict[str, Range]:
    """Check a mapping of names to ranges and constants that JSON can hold."""

    def convert(value: object) -> object:
        if next(numbers_out_of_json(value), None) is not None:
            raise FieldError(f"expected finite numbers, got {quoted(value)}")
        return value

    values: dict[str, Range] = {}
    for name, value in place.value.items():
        try:
            values[name] = parse(value, convert)
        except FieldError as error:
            (place / name).note(f"`{name}`: {error}")
    return values


def integer(
    minimum: int, maximum: int = MOST, *, optional: bool = False
) -> Callable[[object], int | None]:
    """Admit an integer from `minimum` to `maximum`, or null if `optional`."""

    def convert(value: object) -> int | None:
        if optional and value is None:
            return None
        number = to_integer(value, minimum)
        if number > maximum:
            raise FieldError(f"expected an integer of at most {maximum}, got {quoted(number)}")
        return number

    return convert


def number(
    low: float, high: float = math.inf, *, without: Sequence[float] = ()
) -> Callable[[object], float]:
    """Admit a finite number from `low` to `high`, which are included unless in `without`."""
    words = f"a number {'above' if low in without else 'of at least'} {low:g}"
    if high < math.inf:
        words += f" and {'below' if high in without else 'at most'} {high:g}"

    def convert(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FieldError(f"expected {words}, got {_described(value)}")
        if not (math.isfinite(value) and low <= value <= high) or value in without:
            raise FieldError(f"expected {words}, got {value}")
        return float(value)

    return convert


def interval(value: object) -> tuple[float, float]:
    """Admit a list of two finite numbers in order."""
    ends = value if isinstance(value, list | tuple) else ()
    numbers = [x for x in ends if isinstance(x, int | float) and not isinstance(x, bool)]
    finite = all(map(math.isfinite, numbers))
    if len(ends) != 2 or len(numbers) != 2 or not finite or numbers[0] > numbers[1]:
        raise FieldError(f"expected a list of two numbers in order, got {quoted(value)}")
    return float(numbers[0]), float(numbers[1])


def flag(value: object) -> bool:
    """Admit true or false."""
    if not isinstance(value, bool):
        raise FieldError(f"expected true or false, got {_described(value)}")
    return value


def word(options: Collection[str]) -> Callable[[object], str]:
    """Admit one of a few words."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or value not in options:
            hint = suggest(value, options) if isinstance(value, str) else ""
            raise FieldError(f"expected one of {', '.join(options)}, got {_described(value)}{hint}")
        return value

    return convert


def text(value: object) -> str:
    """Admit a string that is not empty."""
    if not isinstance(value, str) or not value:
        raise FieldError(f"expected a word, got {_described(value)}")
    return value


def mapping(value: object) -> dict[str, Any]:
    """Admit a mapping."""
    if not isinstance(value, dict):
        raise FieldError(f"expected a mapping, got {_described(value)}")
    return value


def entries(value: object) -> list[Any]:
    """Admit a list that is not empty."""
    if not isinstance(value, list) or not value:
        raise FieldError(f"expected a list with an entry or more, got {_described(value)}")
    return value


def numbers_out_of_json(data: Any, path: Path = ()) -> Iterator[Path]:
    """Find the numbers in plain data that JSON cannot hold: infinities and not-a-number."""
    if isinstance(data, float) and not math.isfinite(data):
        yield path
    children = data.items() if isinstance(data, dict) else ()
    for key, value in enumerate(data) if isinstance(data, list) else children:
        yield from numbers_out_of_json(value, (*path, key))


def _described(value: object) -> str:
    return kind(value) if isinstance(value, dict | list) else quoted(value)
