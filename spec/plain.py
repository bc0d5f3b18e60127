"""Plain data from outside of YAML: checked, and copied so that nothing in it is shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spec.context import Path
from spec.errors import kind, quoted

MAX_DEPTH = 64
MAX_VALUES = 2_000_000
MAX_INTEGER = 10**300  # so that every integer has a float


class NotPlainError(Exception):
    """A value that YAML could not have held; `path` leads to it."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


def plain_copy(value: object) -> Any:
    """Copy lists and mappings of strings, numbers, booleans and None; tuples become lists.

    Raises `NotPlainError` for any other value, a key that is no string, and what is too deep or
    too large.

    >>> plain_copy({"sizes": (3, 4)})
    {'sizes': [3, 4]}
    """
    count = 0

    def copy(value: object, path: Path) -> Any:
        nonlocal count
        count += 1
        if count > MAX_VALUES:
            raise NotPlainError(path, f"more than {MAX_VALUES:,} values")
        if isinstance(value, Mapping | list | tuple):
            if len(path) >= MAX_DEPTH:
                raise NotPlainError(path, f"nested deeper than {MAX_DEPTH} levels")
            if not isinstance(value, Mapping):
                return [copy(item, (*path, place)) for place, item in enumerate(value)]
            result = {}
            for key, item in value.items():
                if not isinstance(key, str):
                    raise NotPlainError(path, f"a key must be a string, got {quoted(key)}")
                result[scalar(key, path)] = copy(item, (*path, key))
            return result
        return scalar(value, path)

    return copy(value, ())


def scalar(value: object, path: Path) -> Any:
    """Check one value that holds no others."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise NotPlainError(path, f"{quoted(value)} is not Unicode text") from None
        return str(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        if abs(value) >= MAX_INTEGER:
            raise NotPlainError(path, "an integer of more than 300 digits")
        return int(value)
    if isinstance(value, float):
        return float(value)
    raise NotPlainError(path, f"expected plain data, as YAML holds it, got {kind(value)}")
