"""Records of a graph set: networks chosen by number, and what all records say under a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError, described


def chosen(key: object, length: int, place: str) -> Iterable[int]:
    """Give the numbers that a slice, a list or an array stands for."""
    if isinstance(key, slice):
        return range(*key.indices(length))
    if isinstance(key, np.ndarray) and key.dtype == bool and key.shape == (length,):
        return map(int, np.flatnonzero(key))
    numbers = list(key) if isinstance(key, Sequence | np.ndarray) else None
    if numbers is None or not all(
        isinstance(i, Integral) and not isinstance(i, bool) for i in numbers
    ):
        raise GraphError(
            f"{place}: got {described(key)} for the number of a network; expected an integer, a "
            f"slice, a list of integers, or an array of {length} booleans"
        )
    return [int(i) for i in numbers]


def column(records: Sequence[Mapping[str, Any]], name: str, place: str) -> NDArray[Any]:
    """Give what records say under a name with dots; `GraphError` for one that a record lacks."""
    return np.array([value_of(record, name, i, place) for i, record in enumerate(records)])


def value_of(record: Mapping[str, Any], name: str, i: int, place: str) -> Any:
    """Follow a name with dots into a record."""
    value: Any = record
    for step in name.split("."):
        if not isinstance(value, Mapping) or step not in value:
            known = ", ".join(flat(record))
            raise GraphError(
                f"{place}: the record of network {i} has no {name!r}; it has {known or 'nothing'}"
            )
        value = value[step]
    return value


def flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Write what is nested under names with dots.

    >>> flat({"split": "test", "metrics": {"test_accuracy": 0.5}})
    {'split': 'test', 'metrics.test_accuracy': 0.5}
    """
    result: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping) and value:
            result |= flat(value, f"{prefix}{name}.")
        else:
            result[f"{prefix}{name}"] = value
    return result
