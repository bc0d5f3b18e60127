"""The inputs of an evaluation: a batch of each, in the shapes and dtypes that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.arrays import array_of
from graphgen.dtypes import in_numpy, wide
from graphgen.errors import GraphError
from spec.primitives import Lookup, Shape, show


def batches(shapes: Mapping[str, Shape], inputs: Sequence[object]) -> dict[str, NDArray[Any]]:
    """Give a batch of each input by name; `GraphError` if they do not fit, or count differently."""
    if len(inputs) != len(shapes):
        raise GraphError(f"expected {len(shapes)} inputs ({', '.join(shapes)}), got {len(inputs)}")
    values: dict[str, NDArray[Any]] = {}
    count = None
    for (name, shape), given in zip(shapes.items(), inputs, strict=True):
        x = computable(array_of(given, f"input {name!r}"))
        if x.dtype.kind == "c":
            raise GraphError(f"input {name!r} has the dtype {x.dtype}, expected real numbers")
        if tuple(shape) == (1,) and x.ndim == 1:
            # A number for each sample, such as a time: an input has an axis at least.
            x = x[:, None]
        if not x.ndim or x.shape[1:] != tuple(shape):
            raise GraphError(
                f"input {name!r}: expected {show(shape)}, got {list(x.shape)}; N samples are "
                "stacked along a first axis"
            )
        if count not in (None, len(x)):
            raise GraphError(f"input {name!r} has {len(x)} samples, the one before it {count}")
        count = len(x)
        values[name] = x
    return values


def computable(array: NDArray[Any]) -> NDArray[Any]:
    """Give an array in a dtype that numpy's own routines compute with."""
    return array if in_numpy(array.dtype) else array.astype(wide(array.dtype))


def check_indices(name: str, x: NDArray[Any], entries: int) -> None:
    """Raise `GraphError` unless an input holds integers that are indices into its table."""
    if x.dtype.kind not in "iu":
        raise GraphError(f"input {name!r}: expected integers, got {x.dtype}")
    if x.size and not 0 <= np.min(x) <= np.max(x) < entries:
        raise GraphError(
            f"input {name!r}: expected indices from 0 to {entries - 1}, got {x.min()} to {x.max()}"
        )


def check_rows(
    layer: str, primitive: Lookup, x: NDArray[Any], tensors: Sequence[NDArray[Any]]
) -> None:
    """Raise `GraphError` where a layer is to look up entries that its table does not have."""
    if primitive.is_table:
        entries = tensors[0].shape[primitive.kind == "columns"]
    elif primitive.kind == "one_hot":
        entries = primitive.resolution
    else:
        return
    if x.size and not 0 <= np.min(x) <= np.max(x) < entries:
        raise GraphError(
            f"layer {layer!r}: expected indices from 0 to {entries - 1}, got {x.min()} to {x.max()}"
        )
