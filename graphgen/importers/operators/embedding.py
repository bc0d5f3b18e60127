"""Rows of a table by indices."""

from __future__ import annotations

import numpy as np

from graphgen.importers.operators.repeated import unrepeated
from graphgen.importers.operators.shapes import expand
from graphgen.importers.traced import Batch, Constant, Parameter, Traced, Value
from graphgen.importers.tracer import Tracer


def embedding(t: Tracer, table: Traced, indices: Traced) -> Traced:
    """Give row `i` of a table `[rows, features]` for each index i.

    By constant indices it is part of the table: a view where these are a range.
    """
    shape = (*indices.shape, *table.shape[1:])
    if isinstance(indices, Constant) and indices.array.size > 1:
        once = unrepeated(indices.array)
        if once.shape != indices.shape:
            return expand(t, embedding(t, table, Constant(once)), shape)
    if isinstance(indices, Constant) and not isinstance(table, Value):
        rows = indices.array.astype(np.int64)
        rows = np.where(rows < 0, rows + table.shape[0], rows)
        if isinstance(table, Constant):
            return Constant(table.array[rows])
        part = _range_of(rows)
        if part is not None:
            return Parameter(table.name, table.array[part].reshape(shape))
    if isinstance(indices, Constant):
        value = t.value(table)
        flat = [int(i) for i in indices.array.reshape(-1)]
        fields = {"dim": t.axis(value, 0), "index": flat}
        if value.batch is not None:
            t.refuse("rows of a table that differs between samples")
        picked = t.layer("index_select", [value], (len(flat), *table.shape[1:]), None, fields)
        if picked.shape == shape:
            return picked
        return t.layer("reshape", [picked], shape, None, {"shape": list(shape)})
    places = t.value(indices)
    rows_, *features = table.shape
    if len(features) != 1:
        t.refuse(f"a table of shape {list(table.shape)}", "a table has rows and features")
    fields_ = {"num_embeddings": int(rows_), "embedding_dim": int(features[0])}
    batch = places.batch and Batch(places.batch.axis, places.batch.outer, places.batch.inner)
    tensors = {"weight": t.weight(table, "the table")}
    return t.layer("embedding", [places], shape, batch, fields_, tensors)


def _range_of(rows: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> slice | None:
    """Give the range that indices are in order of, if they are one."""
    flat = rows.reshape(-1)
    if not flat.size:
        return None
    step = int(flat[1] - flat[0]) if flat.size > 1 else 1
    if step <= 0 or not np.array_equal(flat, flat[0] + step * np.arange(flat.size)):
        return None
    return slice(int(flat[0]), int(flat[-1]) + 1, step)
