"""Fixed values as they are written: one number with a shape, ranges, or nested lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.network import Network, Node
from graphgen.importers.refusal import ImportRefusalError
from graphgen.importers.rules.session import numbers_of

MOST_NUMBERS = 50_000
"""The most numbers of a constant that are written one by one."""
LEAST_RANGE = 4


def written_constants(network: Network) -> Network:
    """Give a network whose constants are said in the language, not by arrays.

    Raises `ImportRefusalError` for one of too many numbers that follow no rule.
    """
    return network.with_nodes([said(node) if node.layer == "constant" else node
                               for node in network.nodes])  # fmt: skip


def said(node: Node) -> Node:
    """Say one constant: by `band_mask`, `arange`, one number, or all of them."""
    array = numbers_of(node)
    if array.dtype.kind not in "fiub":
        raise ImportRefusalError(
            f"{node.source or 'a constant'}: numbers of dtype {array.dtype}; expected real ones"
        )
    array = array.astype(np.int64) if array.dtype.kind == "b" else array
    if array.size > 1 and (array == array.flat[0]).all():
        return replace(
            node, fields={"values": array.flat[0].item(), "shape": [int(n) for n in array.shape]}
        )
    steps = _range(array)
    if steps is not None:
        return replace(node, layer="arange", fields=steps)
    band = band_of(array)
    if band is not None:
        return replace(node, layer="band_mask", fields=band)
    if array.size > MOST_NUMBERS:
        place = f" in {node.scope}" if node.scope else ""
        raise ImportRefusalError(
            f"{node.source or 'a constant'}{place}: a constant of shape {list(array.shape)} has "
            f"{array.size:,} numbers that follow no rule that the language has; at most "
            f"{MOST_NUMBERS:,} are written, more may be a buffer that is a parameter"
        )
    return replace(node, fields={"values": array.tolist()})


def _range(array: NDArray[Any]) -> dict[str, Any] | None:
    if array.ndim != 1 or len(array) < LEAST_RANGE:
        return None
    first, step = array[0].item(), array[1].item() - array[0].item()
    numbers = first + step * np.arange(len(array))
    if not step or step % 1 or first % 1 or not np.array_equal(array, numbers):
        return None
    fields: Mapping[str, Any] = {"start": first, "end": first + step * len(array), "step": step}
    return {k: v for k, v in fields.items() if (k, v) not in {("start", 0), ("step", 1)}}


def band_of(array: NDArray[Any]) -> dict[str, Any] | None:
    """Give the fields of the `band_mask` that these numbers are, or None.

    >>> band_of(np.tril(np.ones((5, 5))))
    {'rows': 5, 'after': 0}
    """
    if array.ndim != 2 or min(array.shape) < 2:
        return None
    ones = array != 0
    if array.dtype.kind != "b" and not np.array_equal(array, ones):
        return None
    rows, columns = array.shape
    count = np.count_nonzero(ones, axis=1)
    if not count.any() or (count == columns).all():
        return None
    # Where the diagonal is in each row, which ends in the lower right corner.
    diagonal = np.arange(rows) + columns - rows
    first, last = ones.argmax(axis=1), columns - 1 - ones[:, ::-1].argmax(axis=1)
    there = count > 0
    before = max(0, int((diagonal - first)[there].max()))
    after = max(0, int((last - diagonal)[there].max()))
    low = np.maximum(0, diagonal - before)
    high = np.minimum(columns - 1, diagonal + after)
    if not np.array_equal(count, np.maximum(0, high - low + 1)):
        return None
    if not (np.array_equal(first[there], low[there]) and np.array_equal(last[there], high[there])):
        return None
    square: dict[str, Any] = {} if rows == columns else {"columns": columns}
    limits = {} if before >= columns - 1 else {"before": before}
    limits |= {} if after >= rows - 1 + max(0, columns - rows) else {"after": after}
    return {"rows": rows, **square, **limits}
