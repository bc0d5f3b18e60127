"""The operators of ATen by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from graphgen.importers.traced import Constant, Parameter, Traced, Value

OPERATORS: dict[str, Callable[..., Any]] = {}


Operator = TypeVar("Operator", bound=Callable[..., Any])


def aten(*names: str) -> Callable[[Operator], Operator]:
    """Register what an operator becomes; it takes the tracer and then the operator's arguments."""

    def add(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return add


def traced(x: Any) -> Traced:
    """Give a number as a constant, and what is traced as it is."""
    return x if isinstance(x, (Constant, Parameter, Value)) else Constant(np.asarray(x))
