"""Sharded checkpoints: an index that says in which file of its folder each tensor is."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from graphgen.errors import GraphError, described
from graphgen.files.safetensors_format import Array

MAX_INDEX_BYTES = 1 << 27
_SHOWN = 8
_PLAIN = re.compile(r"[^./\\\x00\ud800-\udfff][^/\\\x00\ud800-\udfff]*")


def read_sharded(path: Path, read: Callable[[Path], Mapping[str, Array]]) -> dict[str, Array]:
    """Read an index such as `model.safetensors.index.json`, and its shards by `read`.

    Raises `GraphError` for shards that are missing or outside of
    the folder, and for a tensor that a shard lacks, that it has unlisted, or that two have.
    """
    weight_map = _weight_map(path)
    shards = {name: path.parent / name for name in dict.fromkeys(weight_map.values())}
    for name in shards:
        # A link is followed, as caches of downloads consist of them.
        if not _PLAIN.fullmatch(name):
            _refuse(path, f"names the shard {name!r:.100}", "a file in its own folder")
    missing = [name for name, shard in shards.items() if not os.path.isfile(shard)]
    if missing:
        _refuse(
            path,
            f"lists {len(shards)} shards, of which these are not there: {_listed(missing)}",
            "all of them beside it; fetch them too",
        )
    arrays: dict[str, Array] = {}
    wrong = []
    for name, shard in shards.items():
        found = read(shard)
        listed = {tensor for tensor, place in weight_map.items() if place == name}
        wrong += [f"  {tensor:.200}: not in {name}" for tensor in sorted(listed - found.keys())]
        for tensor in sorted(found.keys() - listed):
            place = f"listed in {weight_map[tensor]}" if tensor in weight_map else "unlisted"
            wrong.append(f"  {tensor:.200}: in {name}, {place}")
        arrays |= {tensor: found[tensor] for tensor in found if tensor in listed}
    if wrong:
        raise GraphError(
            f"{path}: the shards do not hold the tensors as it lists them; index and shards are of "
            "different checkpoints, so fetch them again:\n" + "\n".join(wrong)
        )
    return {name: arrays[name] for name in weight_map}


def _weight_map(path: Path) -> dict[str, str]:
    try:
        if (size := path.stat().st_size) > MAX_INDEX_BYTES:
            _refuse(path, f"has {size} bytes", f"at most {MAX_INDEX_BYTES}")
        found = json.loads(path.read_bytes().decode(), object_pairs_hook=_unique)
    except OSError as error:
        raise GraphError(f"{path}: cannot be read ({error.strerror}); check the file") from None
    except (ValueError, RecursionError) as error:
        _refuse(path, f"cannot be parsed ({error!s:.200})", "JSON in UTF-8")
    weight_map: Any = found.get("weight_map") if isinstance(found, dict) else None
    if not isinstance(weight_map, dict) or not weight_map:
        _refuse(path, f"has {described(weight_map)} as `weight_map`", "tensors and their files")
    for name, place in weight_map.items():
        if not isinstance(place, str) or not place:
            _refuse(path, f"says {place!r:.80} of {name!r:.80}", "the name of a file")
    return weight_map


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the name {key!r:.100} is there twice")
        key.encode()
        result[key] = value
    return result


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f"{name:.100}" for name in names[:_SHOWN]) + more


def _refuse(path: str | os.PathLike[str], found: str, expected: str) -> NoReturn:
    raise GraphError(f"{path}: no index of a checkpoint's shards: it {found}; expected {expected}")
