"""Kinds of dtypes; numpy alone takes bfloat16 and the floats of 8 bits for raw bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import ml_dtypes
import numpy as np

_FINFO: Callable[[Any], Any] = ml_dtypes.finfo
_IINFO: Callable[[Any], Any] = ml_dtypes.iinfo


@lru_cache(maxsize=64)
def name_of(dtype: np.dtype[Any]) -> str:
    """Give a dtype's name, which numpy puts together anew each time that it is asked."""
    return str(dtype)


@lru_cache(maxsize=64)
def is_real(dtype: np.dtype[Any]) -> bool:
    """Say whether a dtype is floating point of any width, `bfloat16` and 8 bits included.

    is_real(np.dtype(ml_dtypes.bfloat16))       # True, though its `kind` is "V"
    """
    if dtype.kind == "c":
        return False
    try:
        _FINFO(dtype)
    except ValueError:
        return False
    return True


def is_inexact(dtype: np.dtype[Any]) -> bool:
    """Say whether a dtype is floating point, real or complex."""
    return dtype.kind == "c" or is_real(dtype)


def is_number(dtype: np.dtype[Any]) -> bool:
    """Say whether a dtype holds numbers or truth values."""
    if dtype.kind in "biufc" or is_real(dtype):
        return True
    try:
        _IINFO(dtype)
    except ValueError:
        return False
    return True


def in_numpy(dtype: np.dtype[Any]) -> bool:
    """Say whether a dtype is numpy's own, which every library that reads numpy's arrays knows."""
    return dtype.kind in "biufc" and dtype.isbuiltin != 2


def wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Give the dtype to compute in: at least float32, or at least complex64."""
    return np.result_type(dtype, np.float32)


def common(dtypes: Iterable[np.dtype[Any]]) -> np.dtype[Any]:
    """Give the smallest dtype that holds the values of all exactly; float32 of none.

    common([np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)])        # float32
    """
    found = list(dict.fromkeys(dtypes))
    if not found:
        return np.dtype(np.float32)
    if len(found) == 1:
        return found[0]
    if not all(is_real(dtype) for dtype in found):
        return np.result_type(*(dtype if in_numpy(dtype) else wide(dtype) for dtype in found))
    return next(dtype for dtype in _WIDENING if all(holds(dtype, each) for each in found))


_WIDENING = tuple(
    np.dtype(kind)
    for kind in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.longdouble)
)


def holds(dtype: np.dtype[Any], other: np.dtype[Any]) -> bool:
    """Say whether a real dtype holds every value of another."""
    mine, theirs = _FINFO(dtype), _FINFO(other)
    wider = np.longdouble(mine.max) >= np.longdouble(theirs.max)
    finer = np.longdouble(mine.smallest_subnormal) <= np.longdouble(theirs.smallest_subnormal)
    return bool(mine.nmant >= theirs.nmant and wider and finer)
