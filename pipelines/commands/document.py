"""The documents that commands give to programs: JSON, each as its schema says."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any


def written(document: Mapping[str, Any]) -> str:
    """Write a document as JSON text.

    Paths become strings, numbers of numpy plain ones, and what is no finite number null.

    >>> from pathlib import Path
    >>> print(written({"out": Path("a/b"), "r2": float("nan")}))
    {
      "out": "a/b",
      "r2": null
    }
    """
    return json.dumps(plain(document), indent=2, allow_nan=False)


def plain(value: Any) -> Any:
    """Give a value as JSON knows it."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, str | int | None):
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    raise TypeError(f"{value!r} is no part of a document: a {type(value).__name__}")
