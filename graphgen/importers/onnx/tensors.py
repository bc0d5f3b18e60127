"""Tensors of a model as arrays: views of the bytes that the model has, where that goes."""

from __future__ import annotations

import sys
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.onnx.files import external_bytes
from graphgen.importers.refusal import ImportRefusalError

DTYPES: dict[int, str] = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64",
    9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}  # fmt: skip
"""The types of numbers that are read, by the format's code for them."""

OTHERS: dict[int, str] = {8: "string", 14: "complex64", 15: "complex128"}

FIELDS: dict[str, str] = {
    "float32": "float_data", "float64": "double_data", "int64": "int64_data",
    "uint32": "uint64_data", "uint64": "uint64_data",
}  # fmt: skip
"""Where numbers are that are no raw bytes, but for those in `int32_data`."""

MOST_ITEMS = 2**33


def dtype_of(code: int, what: str) -> str:
    """Give the name of a type of numbers; refuse what is none."""
    if code not in DTYPES:
        word = OTHERS.get(code, f"of the type {code}")
        raise ImportRefusalError(f"{what} holds {word} items; expected real or whole numbers")
    return DTYPES[code]


def array_of(tensor: Any, folder: Path | None) -> NDArray[Any]:
    """Give the array of a `TensorProto`."""
    what = f"the tensor {tensor.name!r}"
    kind = dtype_of(tensor.data_type, what)
    shape = tuple(tensor.dims)
    if any(n < 0 for n in shape) or prod(shape) > MOST_ITEMS:
        raise ImportRefusalError(f"{what} has the shape {list(shape)}")
    stored = np.dtype("uint16" if kind == "bfloat16" else kind)
    if tensor.data_location == 1:
        data = external_bytes(folder, tensor)
    elif tensor.HasField("raw_data"):
        data = np.frombuffer(tensor.raw_data, np.uint8)
    else:
        return _typed(tensor, kind, shape, what)
    if data.size != prod(shape) * stored.itemsize:
        raise ImportRefusalError(
            f"{what} of {kind} and the shape {list(shape)} has {data.size} bytes, expected "
            f"{prod(shape) * stored.itemsize}"
        )
    array = data.view(stored.newbyteorder("<")).reshape(shape)
    if sys.byteorder == "big":
        array = array.astype(stored)
    return widened(array) if kind == "bfloat16" else array


def widened(array: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Give numbers of bfloat16, which numpy does not know, as those of float32.

    >>> widened(np.array([0x3F80, 0xC000], dtype=np.uint16))
    array([ 1., -2.], dtype=float32)
    """
    return (array.astype(np.uint32) << 16).view(np.float32)


def _typed(tensor: Any, kind: str, shape: tuple[int, ...], what: str) -> NDArray[Any]:
    """Give the array of numbers that are written one by one."""
    values = getattr(tensor, FIELDS.get(kind, "int32_data"))
    if len(values) != prod(shape):
        raise ImportRefusalError(
            f"{what} of the shape {list(shape)} has {len(values)} items, expected {prod(shape)}"
        )
    if kind in ("float16", "bfloat16"):
        bits = np.array(values, np.int64).astype(np.uint16).reshape(shape)
        return widened(bits) if kind == "bfloat16" else bits.view(np.float16)
    return np.array(values, np.int64 if kind == "bool" else None).astype(kind).reshape(shape)


def sparse_array(sparse: Any, folder: Path | None) -> NDArray[Any]:
    """Give the array of a `SparseTensorProto`."""
    values, places = array_of(sparse.values, folder), array_of(sparse.indices, folder)
    shape = tuple(sparse.dims)
    if any(n < 0 for n in shape) or prod(shape) > MOST_SPARSE:
        raise ImportRefusalError(f"a sparse tensor has the shape {list(shape)}")
    whole = np.zeros(shape, values.dtype)
    try:
        if places.ndim == 1:
            whole.reshape(-1)[places] = values
        else:
            whole[tuple(places.T)] = values
    except (IndexError, ValueError) as error:
        raise ImportRefusalError(f"a sparse tensor of {list(shape)} has items outside") from error
    return whole


MOST_SPARSE = 2**27
