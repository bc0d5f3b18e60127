"""Ranges in a model's settings, as a zoo's: what a search draws from."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipelines.options import is_range
from pipelines.zoo.ranges import Integers, Interval, Range, parse

Path = tuple[str, ...]


def ranges_of(model: Mapping[str, Any]) -> dict[Path, Range]:
    """Find the ranges in a model's `settings` and `training`, by their path, in its order.

    >>> list(ranges_of({"training": {"learning_rate": {"log_uniform": [1e-3, 1e-2]}}}))
    [('training', 'learning_rate')]
    """
    found: dict[Path, Range] = {}
    for section in ("settings", "training"):
        for name, value in sorted(model.get(section, {}).items()):
            if is_range(value):
                found[section, name] = parse(value)
    return found


def admits(range_: Range, value: object) -> bool:
    """Say whether a value can have been drawn from a range.

    >>> admits(parse({"integers": [2, 5]}), 3), admits(parse({"integers": [2, 5]}), 2.5)
    (True, False)
    """
    ends = range_.extremes()
    if not isinstance(range_, Interval):
        return any(value == one and type(value) is type(one) for one in ends)
    kinds = int if isinstance(range_, Integers) else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and ends[0] <= value <= ends[1]


def drawn(model: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Put a value drawn from it in the place of each range."""
    result = copy.deepcopy(dict(model))
    for (section, name), range_ in ranges_of(model).items():
        result[section][name] = range_.draw(rng)
    return result
