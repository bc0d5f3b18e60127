"""Packing: a network's named tensors as one flat array for each dtype, a row of a shard."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.dtypes import name_of
from graphgen.errors import GraphError
from graphgen.files.ragged import write_shard
from spec import TensorSpec

Weights = Mapping[str, NDArray[Any]]


def pack(tensors: Iterable[TensorSpec], weights: Weights) -> dict[str, NDArray[Any]]:
    """Concatenate a network's tensors, one flat array `values.<dtype>` for each dtype."""
    by_dtype: dict[str, list[NDArray[Any]]] = {}
    for tensor in tensors:
        array = weights[tensor.name]
        by_dtype.setdefault(f"values.{name_of(array.dtype)}", []).append(array.reshape(-1))
    return {column: np.concatenate(arrays) for column, arrays in by_dtype.items()}


def unpack(
    tensors: Sequence[TensorSpec],
    columns: Mapping[str, NDArray[Any]],
    dtypes: Mapping[str, str] | None = None,
) -> dict[str, NDArray[Any]]:
    """Cut the flat arrays of `pack` into named tensors again, as views.

    Floating-point tensors of an architecture come from the one floating-point column or, where
    there are several, from those that `dtypes` names. Raises `GraphError` where the columns do not
    hold just these tensors.
    """
    floats = [c for c in columns if c.startswith(("values.float", "values.bfloat"))]
    filled = [c for c in floats if columns[c].size] or floats
    if len(filled) > 1 and dtypes is None:
        raise GraphError(f"got the floating-point columns {', '.join(filled)}, expected one")
    offsets = dict.fromkeys(columns, 0)
    result = {}
    for tensor in tensors:
        column = f"values.{tensor.dtype}"
        if tensor.dtype.startswith("float"):
            if dtypes is not None:
                column = f"values.{dtypes.get(tensor.name)}"
            elif filled:
                column = filled[0]
        size = math.prod(tensor.shape)
        start = offsets.get(column, 0)
        array = columns[column][start : start + size] if column in columns else None
        if array is None or array.size != size:
            raise GraphError(
                f"the column {column!r} has {0 if array is None else array.size} of the {size} "
                f"values of {tensor.name!r}, of shape {list(tensor.shape)}"
            )
        result[tensor.name] = array.reshape(tensor.shape)
        offsets[column] = start + size
    for column, used in offsets.items():
        if used != columns[column].size:
            raise GraphError(
                f"the column {column!r} has {columns[column].size} values, but the architecture's "
                f"tensors have {used}"
            )
    return result


def write_rows(path: Path, rows: Sequence[Mapping[str, NDArray[Any]]]) -> str:
    """Write packed networks as one shard; a column that a network lacks is empty in its row."""
    names = sorted({column for row in rows for column in row})
    columns = {
        name: [row.get(name, np.empty(0, np.dtype(name.removeprefix("values.")))) for row in rows]
        for name in names
    }
    return write_shard(path, columns, {})
