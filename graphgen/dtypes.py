"""Kinds of dtypes; numpy alone takes bfloat16 and the floats of 8 bits for raw bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import ml_dtypes
import numpy as np

_FINFO: Callable[[Any], Any] = ml_dtypes.finfo
_IINFO: Callable[[Any], Any] = ml_dtypes.iinfo


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
    """Give the smallest dtype that holds the values of all; float32 of none.

    Half-width floats that have no common dtype, such as bfloat16 and float16, become float32.
    """
    found = list(dict.fromkeys(dtypes))
    if not found:
        return np.dtype(np.float32)
    if len(found) == 1:
        return found[0]
    try:
        return np.result_type(*found)
    except TypeError:
        return np.result_type(np.float32, *(wide(dtype) for dtype in found))
