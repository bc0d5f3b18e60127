"""Packing: a network's named tensors as one flat array for each dtype, a row of a shard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.files.ragged import write_shard
from spec import TensorSpec

Weights = Mapping[str, NDArray[Any]]


def pack(tensors: Iterable[TensorSpec], weights: Weights) -> dict[str, NDArray[Any]]:
    """Concatenate a network's tensors, one flat array `values.<dtype>` for each dtype."""
    by_dtype: dict[str, list[NDArray[Any]]] = {}
    for tensor in tensors:
        array = weights[tensor.name]
        by_dtype.setdefault(f"values.{array.dtype}", []).append(array.reshape(-1))
    return {column: np.concatenate(arrays) for column, arrays in by_dtype.items()}


def unpack(
    tensors: Sequence[TensorSpec], columns: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Cut the flat arrays of `pack` into named tensors again, as views.

    Floating-point tensors of an architecture come from the one floating-point column.
    """
    floats = [c for c in columns if c.startswith(("values.float", "values.bfloat"))]
    offsets = dict.fromkeys(columns, 0)
    result = {}
    for tensor in tensors:
        column = floats[0] if tensor.dtype.startswith("float") else f"values.{tensor.dtype}"
        size = int(np.prod(tensor.shape, dtype=np.int64))
        start = offsets[column]
        result[tensor.name] = columns[column][start : start + size].reshape(tensor.shape)
        offsets[column] = start + size
    return result


def write_rows(path: Path, rows: Sequence[Mapping[str, NDArray[Any]]]) -> str:
    """Write packed networks as one shard; a column that a network lacks is empty in its row."""
    names = sorted({column for row in rows for column in row})
    columns = {
        name: [row.get(name, np.empty(0, np.dtype(name.removeprefix("values.")))) for row in rows]
        for name in names
    }
    return write_shard(path, columns, {})
