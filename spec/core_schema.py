"""The core schema of YAML 1.2: what a scalar without quotes means."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from spec.errors import quoted
from spec.plain import MAX_INTEGER

_CORE: tuple[tuple[str, Callable[[str], Any]], ...] = (
    (r"null|Null|NULL|~|", lambda text: None),
    (r"true|True|TRUE|false|False|FALSE", lambda text: text[0] in "tT"),
    (r"[-+]?[0-9]+", int),
    (r"0o[0-7]+|0x[0-9a-fA-F]+", lambda text: int(text, 0)),
    (r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", float),
    (r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", lambda text: float(text.replace(".", ""))),
)


def resolve(text: str) -> Any:
    """Return what an unquoted scalar means in the core schema: `resolve("1e-3")` is 0.001.

    Raises `ValueError` for a number that is too large.
    """
    for pattern, convert in _CORE:
        if re.fullmatch(pattern, text):
            value = convert(text) if len(text) <= 400 else math.inf
            overflow = value in (math.inf, -math.inf) and "inf" not in text.lower()
            if overflow or (type(value) is int and abs(value) >= MAX_INTEGER):
                raise ValueError(f"the number {quoted(text)} is too large or too long")
            return value
    return text
