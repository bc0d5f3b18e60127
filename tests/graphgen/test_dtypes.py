"""The common dtype of several holds every value of each, and no smaller one does."""

from __future__ import annotations

from itertools import combinations

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from graphgen.dtypes import common, holds

NAMES = ("float4_e2m1fn", "float8_e3m4", "float8_e4m3", "float8_e4m3fn", "float8_e5m2",
         "float8_e5m2fnuz", "float8_e8m0fnu", "bfloat16")  # fmt: skip
DTYPES = [np.dtype(getattr(ml_dtypes, name)) for name in NAMES]
DTYPES += [np.dtype(name) for name in ("float16", "float32", "float64")]
WIDENING = [np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16), np.dtype("f4"), np.dtype("f8")]


def values(dtype: np.dtype) -> NDArray:
    """Every finite value of a dtype of up to 16 bits; of wider ones the largest and the least."""
    if dtype.itemsize > 2:
        limits = np.finfo(dtype)
        ends = np.array([limits.max, limits.smallest_subnormal, 1 + limits.eps], dtype)
        return np.concatenate([ends, -ends])
    bits = np.arange(2 ** min(8 * dtype.itemsize, 4 if dtype.name.startswith("float4") else 16))
    every = bits.astype(f"u{dtype.itemsize}").view(dtype)
    return every[np.isfinite(every.astype(np.float64))]


def keeps(dtype: np.dtype, other: np.dtype) -> bool:
    with np.errstate(all="ignore"):
        there = values(other).astype(dtype)
        return there.astype(np.float64).tobytes() == values(other).astype(np.float64).tobytes()


@pytest.mark.parametrize(
    "pair", list(combinations(DTYPES, 2)), ids=lambda pair: f"{pair[0]} {pair[1]}"
)
def test_the_common_dtype_is_the_smallest_that_keeps_all(pair: tuple[np.dtype, ...]) -> None:
    found = common(pair)
    assert all(keeps(found, dtype) for dtype in pair)
    fitting = [d for d in WIDENING if all(keeps(d, other) for other in pair)]
    assert found.itemsize == min(dtype.itemsize for dtype in fitting)
    assert all(holds(found, dtype) for dtype in pair)


def test_one_dtype_stays_and_none_is_single_precision() -> None:
    assert [common([dtype, dtype]) for dtype in DTYPES] == DTYPES
    assert common([]) == np.float32
    assert common([np.dtype(np.complex64), np.dtype(ml_dtypes.float8_e5m2)]) == np.complex64


def test_control_half_of_a_dtype_does_not_keep_it() -> None:
    assert not keeps(np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))
    assert not holds(np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))
    assert not keeps(np.dtype(ml_dtypes.float8_e5m2), np.dtype(ml_dtypes.float8_e4m3fn))
