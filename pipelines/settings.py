"""Settings: one section of a parameters file, checked against a schema."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from pipelines.zoo.fields import MOST, AnySettings, Place, read_document
from spec.errors import SpecError, kind, quoted
from spec.expectations import expectation
from spec.fields import FieldError
from spec.schema_problems import schema_problems

LARGEST_SEED = 2**32 - 1
POSITIVE = {"type": "integer", "minimum": 1, "maximum": MOST}
NATURAL = {"type": "integer", "minimum": 0, "maximum": MOST}
SEED = {"type": "integer", "minimum": 0, "maximum": LARGEST_SEED}
PRECISION = {"enum": ["float32", "bfloat16"]}
"""Of products; the second one in part, on devices that have hardware for it."""
ABOVE_ZERO = {"type": "number", "exclusiveMinimum": 0}
NAME = {"pattern": r"^\w[\w.-]{0,99}\Z"}
"""What may be the name of a folder."""

_TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        # JSON Schema takes 2.0 for an integer, and not-a-number for a number.
        "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
        "number": lambda _, value: (
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        ),
    }
)
_Validator: Any = extend(Draft202012Validator, type_checker=_TYPES)


def read_section(
    path: AnySettings,
    name: str,
    schema: dict[str, Any] | Callable[[Any], dict[str, Any]],
    check: Callable[[Place], None] | None = None,
) -> dict[str, Any]:
    """Read a stage's settings from YAML: the file's section of that name, or the whole file.

        read_section("params.yaml", "sample", SAMPLE)["count"]

    They may also be given as plain data. The schema is one, or a function of the section.
    `check` notes what no schema says; it is called for settings that the schema admits. Raises
    `SpecError` with the place of everything that is wrong.
    """
    result: dict[str, Any] = find_section(path, name, schema, check).value
    return result


def find_section(
    path: AnySettings,
    name: str,
    schema: dict[str, Any] | Callable[[Any], dict[str, Any]],
    check: Callable[[Place], None] | None = None,
) -> Place:
    """Give the place of what `read_section` reads, for what can be checked only later."""
    document = read_document(path)
    data = document.data
    place = Place(document, (name,) if isinstance(data, dict) and name in data else ())
    schema = schema(place.value) if callable(schema) else schema
    if place.path or (isinstance(data, dict) and set(data) & properties(schema)):
        # Each field that is missing is an error of all that are.
        found = schema_problems(document, _Validator(schema), place.path)
        place.problems.extend(dict.fromkeys(found))
    else:
        place.note(
            f"expected the settings of a stage, here or under the key `{name}`, got {kind(data)} "
            "without them"
        )
    if check is not None and not place.problems:
        check(place)
    if place.problems:
        raise SpecError(place.problems)
    return place


def place_of(settings: AnySettings) -> str:
    """Give the name by which messages call settings: their path, or `settings` of plain data."""
    return "settings" if isinstance(settings, Mapping) else os.fsdecode(settings)


def folder_of(settings: AnySettings) -> Path:
    """Give the folder at which paths in settings begin: that of their file, or the current one."""
    return Path() if isinstance(settings, Mapping) else Path(settings).parent


def admits(schema: dict[str, Any], value: object) -> bool:
    """Say whether a schema admits a value."""
    return bool(_Validator(schema).is_valid(value))


def admitted(schema: dict[str, Any]) -> Callable[[object], Any]:
    """Give the function that lets pass what a schema admits, and else raises `FieldError`."""

    def convert(value: object) -> object:
        if not admits(schema, value):
            raise FieldError(f"expected {expectation(schema)}, got {quoted(value)}")
        return value

    return convert


def check_distinct(place: Place) -> None:
    """Note the entries of a list that stand in it already."""
    values: Sequence[Any] = place.value
    for i, value in enumerate(values):
        if value in values[:i]:
            (place / i).note(f"{place.name} has {quoted(value)} twice")


def properties(schema: dict[str, Any]) -> set[str]:
    """List the fields of a schema, with those of its alternatives."""
    found = set(schema.get("properties", {}))
    for part in {"then", "else"} & schema.keys():
        found |= properties(schema[part])
    return found


def settings_hash(*parts: Any) -> str:
    """Identify plain data: SHA-256 of its canonical JSON."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
