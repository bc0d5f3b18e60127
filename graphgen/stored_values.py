"""Stored values: what the weights in a shard of a graph set have to be."""

from __future__ import annotations

import numpy as np

from graphgen.dtypes import holds
from graphgen.errors import GraphError
from graphgen.files import Shard

CHECKED_AT_ONCE = 1 << 24


def check_values(shard: Shard, dtype: str, what: str = "weights") -> None:
    """Raise `GraphError` for floats that a dtype does not hold, and for NaN and infinity."""
    for column in shard.columns:
        values, pointers = shard.column(column)
        floats = column.startswith(("values.float", "values.bfloat"))
        wanted = column.removeprefix("values.")
        if str(values.dtype) != wanted:
            raise GraphError(
                f"{shard.path}: the column {column!r} is {values.dtype}, expected {wanted}"
            )
        if floats and values.size and not holds(np.dtype(dtype), values.dtype):
            raise GraphError(
                f"{shard.path}: the column {column!r} has floats that the set's dtype, {dtype}, "
                "does not hold"
            )
        if not floats:
            continue
        for begin in range(0, len(values), CHECKED_AT_ONCE):
            wrong = np.flatnonzero(~np.isfinite(values[begin : begin + CHECKED_AT_ONCE]))
            if wrong.size:
                place = begin + int(wrong[0])
                row = int(np.searchsorted(pointers, place, "right")) - 1
                raise GraphError(
                    f"{shard.path}, row {row}: got {float(values[place])} among the {what}, "
                    "expected finite numbers"
                )
