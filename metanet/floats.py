"""Floating-point values of networks: as rows of a batch, and back in the dtype of each tensor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from graphgen import Graph, Template
from graphgen.dtypes import in_numpy
from metanet.errors import MetanetError

HALF = 16
"""The most bits of a float that is read as float32."""


def as_floats(values: NDArray[Any]) -> NDArray[Any]:
    """Give floats of 16 bits and less as float32, which holds each of them; others as they are."""
    if values.dtype in (np.float32, np.float64):
        return values
    if ml_dtypes.finfo(values.dtype).bits <= HALF:
        return values.astype(np.float32)
    raise MetanetError(
        f"a batch holds floats of at most 64 bits, got {values.dtype}; convert the weights with "
        ".astype('float64')"
    )


def float_values(graph: Graph) -> NDArray[Any]:
    """Concatenate a graph's floating-point tensors in one dtype that holds them, (P,)."""
    arrays = [
        as_floats(graph.tensors[tensor.name].reshape(-1))
        for tensor in graph.template.tensors
        if tensor.dtype.startswith("float")
    ]
    return np.concatenate(arrays) if arrays else np.empty(0, np.float32)


def stacked(graphs: Sequence[Graph], names: Iterable[str]) -> NDArray[Any]:
    """Give the tensors of `names`, all that are floats, of networks of one architecture: (N, P).

    What `float_values` gives for each, at once where all have one dtype.
    """
    arrays = [tensors[name] for tensors in [graph.tensors for graph in graphs] for name in names]
    dtypes = {array.dtype for array in arrays}
    if len(dtypes) == 1 and dtypes <= {np.dtype(np.float32), np.dtype(np.float64)}:
        return np.concatenate(arrays, axis=None).reshape(len(graphs), -1)
    rows = [float_values(graph) for graph in graphs]
    return np.stack(rows).astype(check_one_dtype(rows), copy=False)


def check_one_dtype(rows: Iterable[NDArray[Any]]) -> np.dtype[Any]:
    """Give the dtype of all rows that hold anything; `MetanetError` if there are several."""
    dtypes = {row.dtype for row in rows if row.size}
    if len(dtypes) > 1:
        raise MetanetError(
            "the networks of a batch need one floating-point dtype (16 bits count as float32), got "
            + ", ".join(sorted(map(str, dtypes)))
        )
    return next(iter(dtypes), np.dtype(np.float32))


def with_floats(
    graph: Graph, template: Template, row: NDArray[Any], offsets: Mapping[str, tuple[int, int]]
) -> Graph:
    """Give a graph whose floating-point tensors have new values, each in the dtype it had."""
    weights = dict(graph.tensors)
    for name, (start, size) in offsets.items():
        old, new = weights[name], row[start : start + size]
        weights[name] = narrowed(name, new, old.dtype).reshape(old.shape)
    return template.bind(weights)


def narrowed(name: str, values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Give values in a dtype; `MetanetError` where a finite one is too large for it."""
    if values.dtype == dtype:
        return values.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        result = values.astype(dtype)
    lost = np.isfinite(values) & ~np.isfinite(
        result if in_numpy(result.dtype) else result.astype(np.float32)
    )
    if lost.any():
        raise MetanetError(
            f"{name!r} has the dtype {dtype}, which cannot hold {float(values[lost][0]):g}; "
            "compile the networks with weights in float32 before they are batched"
        )
    return result
