"""Weights by name, from a file or from arrays in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphgen.arrays import array_of
from graphgen.errors import GraphError
from graphgen.files.formats import SAFETENSORS_SUFFIX, weights_suffix
from graphgen.files.npz import read_npz, write_npz
from graphgen.files.safetensors_format import Array
from graphgen.files.safetensors_reader import check_file, open_safetensors
from graphgen.files.safetensors_writer import write_safetensors


def read_weights(source: str | os.PathLike[str] | Mapping[str, Any]) -> dict[str, Array]:
    """Return the arrays of `source` by name: a .safetensors or .npz file, or a mapping.

    A file is known by its first bytes, whatever its suffix. A .safetensors file is memory-mapped:
    its arrays are read-only views, and nothing is read until they are used. The values of a mapping
    may be anything with an `__array__` method, such as CPU tensors, and are not copied. Raises
    `GraphError` with the file or the name, what the file is, and what to do.

    ```python
    read_weights("model.safetensors")["head.weight"].shape
    read_weights({"head.bias": np.zeros(10)})
    ```
    """
    if isinstance(source, Mapping):
        return {
            _checked_name(name): array_of(value, f"the weight {name!r}")
            for name, value in source.items()
        }
    path = _as_path(source)
    check_file(path)
    if weights_suffix(path) == SAFETENSORS_SUFFIX:
        return dict(open_safetensors(path))
    arrays = read_npz(path)
    for name, array in arrays.items():
        array_of(array, f"{path}: the weight {name!r}")
    return arrays


def write_weights(path: str | os.PathLike[str], weights: Mapping[str, Any]) -> None:
    """Write arrays by name to `path` atomically, as .safetensors or .npz by its suffix.

    Equal weights give equal bytes. Raises `GraphError` for another suffix and for a dtype that
    the format lacks (.npz has no bfloat16).

    ```python
    write_weights("model.safetensors", {"head.bias": np.zeros(10, np.float32)})
    ```
    """
    target = _as_path(path)
    if not isinstance(weights, Mapping):
        raise GraphError(
            f"{path}: the weights are of type {type(weights).__name__}, expected a mapping of "
            "names to arrays"
        )
    arrays = read_weights(weights)
    if target.suffix.lower() == ".safetensors":
        write_safetensors(target, arrays)
    elif target.suffix.lower() == ".npz":
        write_npz(target, arrays)
    else:
        raise GraphError(
            f"{path}: the suffix {target.suffix!r} is not one that weights are written to; "
            "use .safetensors or .npz"
        )


def _as_path(source: object) -> Path:
    if isinstance(source, (str, os.PathLike)):
        return Path(os.fsdecode(source))
    raise GraphError(
        f"the weights are of type {type(source).__name__}, expected the path of a .safetensors "
        "or .npz file, or a mapping of names to arrays"
    )


def _checked_name(name: object) -> str:
    if isinstance(name, str):
        return name
    raise GraphError(
        f"the weights contain the name {name!r} of type {type(name).__name__}; expected a string"
    )
