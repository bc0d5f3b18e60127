"""Weights by name, from a file or from arrays in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from graphgen.arrays import array_of
from graphgen.errors import GraphError
from graphgen.files.checkpoint_folder import file_in
from graphgen.files.folder import is_folder
from graphgen.files.formats import (
    INDEX_SUFFIX,
    SAFETENSORS_SUFFIX,
    TORCH_SUFFIX,
    weights_suffix,
)
from graphgen.files.npz import read_npz, write_npz
from graphgen.files.safetensors_format import Array
from graphgen.files.safetensors_reader import check_file, open_safetensors
from graphgen.files.safetensors_writer import write_safetensors
from graphgen.files.sharded import read_sharded
from graphgen.files.torch_reader import read_torch

Source: TypeAlias = str | os.PathLike[str] | Mapping[str, Any]
"""Arrays by name; or the path of a file, an index of shards, or a folder that holds these."""


@dataclass(frozen=True)
class StoredWeights:
    """Arrays by name, and what their files say of themselves.

    `metadata` is that of safetensors, whose `format` is a framework: `pt`, `flax`, `tf`.
    """

    arrays: dict[str, Array]
    metadata: dict[str, str] = field(default_factory=dict)


def read_weights(source: Source) -> dict[str, Array]:
    """Return the arrays of `source` by name: a file, an index of shards, a folder, or a mapping.

    Files are .safetensors, .npz, and those of torch.save, which need torch; each is known by its
    first bytes, whatever its suffix. All but .npz are memory-mapped: their arrays are read-only
    views, and nothing is read until they are used. An index is `model.safetensors.index.json` or
    the like, and a folder is what `save_pretrained` writes. The values of a mapping may be anything
    with an `__array__` method, such as CPU tensors, and are not copied. Raises `GraphError` with
    the file or the name, what the file is, and what to do.

    ```python
    read_weights("model.safetensors")["head.weight"].shape
    read_weights({"head.bias": np.zeros(10)})
    ```
    """
    return open_weights(source).arrays


def open_weights(source: Source, section: str | None = None) -> StoredWeights:
    """Read weights as `read_weights` does, with what their files say of themselves.

    `section` is the part of a checkpoint of torch that is meant, where it has several.
    """
    if isinstance(source, Mapping):
        return StoredWeights(
            {
                _checked_name(name): array_of(value, f"the weight {name!r}")
                for name, value in source.items()
            }
        )
    path = _as_path(source)
    if is_folder(path):
        path = file_in(path)
    check_file(path)
    if weights_suffix(path) != INDEX_SUFFIX:
        return _open_file(path, section)
    metadata: dict[str, str] = {}

    def read(shard: Path) -> dict[str, Array]:
        opened = _open_file(shard, section)
        metadata.update(opened.metadata)
        return opened.arrays

    return StoredWeights(read_sharded(path, read), metadata)


def _open_file(path: Path, section: str | None) -> StoredWeights:
    suffix = weights_suffix(path)
    if suffix == SAFETENSORS_SUFFIX:
        file = open_safetensors(path)
        return StoredWeights(dict(file), dict(file.metadata))
    if suffix == TORCH_SUFFIX:
        return StoredWeights(read_torch(path, section), {"format": "pt"})
    if suffix == INDEX_SUFFIX:
        raise GraphError(f"{path}: is text, where an index of shards says that weights are")
    arrays = read_npz(path)
    for name, array in arrays.items():
        array_of(array, f"{path}: the weight {name!r}")
    return StoredWeights(arrays)


def write_weights(
    path: str | os.PathLike[str],
    weights: Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write arrays by name to `path` atomically, as .safetensors or .npz by its suffix.

    `metadata` are strings that a .safetensors file has beside them, and .npz has not. Equal weights
    give equal bytes. Raises `GraphError` for another suffix and for a dtype that the format lacks
    (.npz has no bfloat16).

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
        write_safetensors(target, arrays, metadata or {})
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
        f"the weights are of type {type(source).__name__}, expected the path of a file or folder, "
        "or a mapping of names to arrays"
    )


def _checked_name(name: object) -> str:
    if isinstance(name, str):
        return name
    raise GraphError(
        f"the weights contain the name {name!r} of type {type(name).__name__}; expected a string"
    )
