"""Numpy's `.npy` files, without pickle, mapped and not read."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.arrays import array_of
from graphgen.errors import GraphError
from graphgen.files.npz import HEADERS, read_npz
from spec.file_kind import FIRST_BYTES, NPZ, binary_kind


def read_npy(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Map the array of a `.npy` file, as `numpy.save` writes it; nothing is read until it is used.

    Raises `GraphError` for a damaged file and for arrays of Python objects.
    """
    try:
        with open(path, "rb") as file:
            version = np.lib.format.read_magic(file)
            if version not in HEADERS:
                raise ValueError(f"unknown version {version} of the format")
            shape, by_columns, dtype = HEADERS[version](file)
            start, size = file.tell(), os.fstat(file.fileno()).st_size
        if dtype.hasobject:
            raise ValueError("arrays of objects hold pickles, which are not read")
        expected = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or size - start != expected:
            raise ValueError(
                f"found {size - start} bytes after the header, expected {expected} for {dtype} of "
                f"shape {list(shape)}"
            )
        if not expected:
            return array_of(np.empty(shape, dtype), str(path))
        order: Any = "F" if by_columns else "C"
        return array_of(np.memmap(path, dtype, "r", start, shape, order), str(path))
    except GraphError:
        raise
    # The parser raises many kinds of errors on damaged bytes.
    except Exception as error:
        raise GraphError(
            f"{path}: cannot be read as .npy ({type(error).__name__}: {error}); expected an array "
            "written by numpy.save, without Python objects"
        ) from error


def read_arrays(path: str | os.PathLike[str]) -> NDArray[Any] | dict[str, NDArray[Any]]:
    """Read an array from `.npy`, or arrays by name from `.npz`, whichever the file is.

    read_arrays("inputs.npz")["image"].shape
    """
    try:
        with open(path, "rb") as file:
            kind = binary_kind(file.read(FIRST_BYTES), os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise GraphError(f"{path}: cannot be read ({error.strerror}); check the file") from error
    if kind == NPZ or os.fspath(path).lower().endswith(".npz"):
        arrays = read_npz(path)
        return {name: array_of(x, f"{path}: the array {name!r}") for name, x in arrays.items()}
    return read_npy(path)
