"""Safetensors files written atomically, in pieces, and always to the same bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence

import numpy as np

from graphgen.errors import GraphError
from graphgen.files.atomic import atomic_path
from graphgen.files.safetensors_format import DTYPES, Array, dtype_name, encode_header


def write_safetensors(
    path: str | os.PathLike[str],
    arrays: Mapping[str, Array],
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Write `arrays` and the strings of `metadata` to `path` atomically; return the SHA-256.

    The layout is that of the reference implementation, and equal arguments give equal bytes.
    Arrays may be strided and of either byte order. Raises `GraphError` for a dtype that the
    format lacks and for names that are no strings.

    ```python
    write_safetensors("model.safetensors", {"head.bias": np.zeros(10, np.float32)})
    ```
    """
    pieces = {name: (array.shape, [array]) for name, array in arrays.items()}
    return write_pieces(path, pieces, metadata)


def write_pieces(
    path: str | os.PathLike[str],
    arrays: Mapping[str, tuple[tuple[int, ...], Sequence[Array]]],
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Write arrays that are given as a shape and the consecutive pieces that fill it.

    The pieces of an array share one dtype, and there is at least one.
    """
    metadata = {} if metadata is None else metadata
    for name in arrays:
        _check_name(name, path, "array names")
        if name == "__metadata__":
            raise GraphError(f"{path}: no array can be called '__metadata__'; rename it")
    for key, value in metadata.items():
        _check_name(key, path, "metadata keys")
        _check_name(value, path, f"metadata values (here of {key!r})")
    layout = {
        name: (_dtype(path, name, pieces[0]), shape) for name, (shape, pieces) in arrays.items()
    }
    header, order = encode_header(layout, metadata)
    digest = hashlib.sha256()
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(header)
        digest.update(header)
        for name in order:
            for piece in arrays[name][1]:
                data = _bytes(piece, DTYPES[layout[name][0]])
                file.write(data)
                digest.update(data)
    return digest.hexdigest()


def _bytes(piece: Array, dtype: np.dtype[np.generic]) -> memoryview:
    return np.ascontiguousarray(piece, dtype).reshape(-1).view(np.uint8).data


def _dtype(path: str | os.PathLike[str], name: str, piece: Array) -> str:
    found = dtype_name(piece.dtype)
    if found is None:
        raise GraphError(
            f"{path}: the array {name!r} has the dtype {piece.dtype}, which safetensors lacks; "
            f"convert it with .astype to one of {', '.join(str(d) for d in DTYPES.values())}"
        )
    return found


def _check_name(name: object, path: str | os.PathLike[str], what: str) -> None:
    if not isinstance(name, str):
        raise GraphError(
            f"{path}: {what} must be strings, found {name!r} of type {type(name).__name__}"
        )
    try:
        name.encode()
    except UnicodeEncodeError:
        raise GraphError(f"{path}: {what} must be valid Unicode, found {name!r}") from None
