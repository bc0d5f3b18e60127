"""Replacing a zoo: the one that a folder holds stays whole until the new one is, and goes then."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.files import atomic_path
from graphgen.files.destination import claim
from graphgen.files.document import peek
from graphgen.files.sealed import Replacement, known_parts, parts_of, remove, staged, tidy
from pipelines.errors import PipelineError
from pipelines.zoo.identity import OtherZooError, StoredSettings, encode
from pipelines.zoo.index import INDEX, ZOO
from pipelines.zoo.shards import own_shards
from pipelines.zoo.store import PROGRESS, Store

_NEW = ".zoo.new-"
_DIGITS = "[0-9a-f]" * 16
_SEALED = ("format", "version", "hash")


@contextlib.contextmanager
def open_store(
    folder: Path,
    settings: StoredSettings,
    made: Mapping[str, Any],
    say: Callable[[str], None],
    replace: bool,
) -> Iterator[Store]:
    """Open the store of a locked folder, for a block at whose end the zoo is finished.

    With `replace`, where the folder holds another zoo, the store is that of a hidden folder in it,
    and the zoo takes the other one's place after the block.
    """
    new = new_folder(folder, settings, made)
    _finish_replacement(folder)
    try:
        with _opened(folder, new, settings, made, say, replace) as store:
            yield store
        if store.folder != folder:
            _take_place(folder, new, store.finish())
        elif new.exists():
            _remove_folder(new)
    finally:
        with contextlib.suppress(OSError):
            new.rmdir()  # nothing was made


def new_folder(folder: Path, settings: StoredSettings, made: Mapping[str, Any]) -> Path:
    """Name the hidden folder where the zoo is made that is to replace the one in `folder`."""
    identity = hashlib.sha256(encode([settings.plain(), made])).hexdigest()
    return folder / f"{_NEW}{identity[:16]}"


def remove_zoo(folder: Path) -> None:
    """Remove the files of a zoo; nothing else is touched."""
    for path in [*own_shards(folder), folder / PROGRESS, folder / INDEX]:
        path.unlink(missing_ok=True)


def claim_folder(folder: Path) -> None:
    """Raise `GraphError` for a folder that holds anything else than a zoo, finished or begun."""
    if (folder / INDEX).exists() or not (folder / PROGRESS).exists():
        claim(folder, INDEX, ZOO, replace=True)


def _opened(
    folder: Path,
    new: Path,
    settings: StoredSettings,
    made: Mapping[str, Any],
    say: Callable[[str], None],
    replace: bool,
) -> Store:
    if new.is_symlink():
        raise PipelineError(f"{new}: is a link, where a zoo is made in a folder; remove the link")
    # The zoo that was to be replaced may have been removed by hand meanwhile.
    if _holds_zoo(folder) or not new.exists():
        try:
            return Store(folder, settings, made, say)
        except OtherZooError:
            if not replace:
                raise
    new.mkdir(exist_ok=True)
    try:
        return Store(new, settings, made, say)
    except OtherZooError:  # damaged, for its name tells that it is no other
        remove_zoo(new)
        return Store(new, settings, made, say)


def _holds_zoo(folder: Path) -> bool:
    return (folder / INDEX).exists() or (folder / PROGRESS).exists()


def _take_place(folder: Path, new: Path, index: Mapping[str, Any]) -> None:
    """Put the finished zoo of the folder `new` in the place of that of `folder`."""
    replacement = Replacement(folder, INDEX, ZOO)
    parts = parts_of(index)
    for name, sha256 in parts.items():
        _link(new / name, staged(folder, name, sha256))
        replacement.adopt(name, sha256)
    replacement.commit({key: value for key, value in index.items() if key not in _SEALED})
    _clear(folder, new, parts)


def _link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # as on a file system without hard links
        with atomic_path(target) as temporary:
            shutil.copyfile(source, temporary)


def _finish_replacement(folder: Path) -> None:
    """Finish what a process did not that was killed while its zoo took the place of another."""
    tidy(folder, INDEX, ZOO, resumable=True)
    parts = known_parts(folder / INDEX, ZOO)
    if parts or not (folder / INDEX).exists():
        kept = {staged(folder, name, sha256) for name, sha256 in parts.items()}
        for path in folder.glob(f".shard-*.new-{_DIGITS}.*"):
            if path not in kept:
                path.unlink(missing_ok=True)
    for new in _new_folders(folder):
        if parts and _hash(new) == _hash(folder):
            _clear(folder, new, parts)


def _clear(folder: Path, new: Path, parts: Mapping[str, str]) -> None:
    """Remove what is left of the zoo before the one of these parts, and of any others begun."""
    (folder / PROGRESS).unlink(missing_ok=True)
    for path in own_shards(folder):
        if path.name not in parts:
            path.unlink(missing_ok=True)
    # The folder that the zoo came from goes last: it tells the next process of this work.
    for other in [*(path for path in _new_folders(folder) if path != new), new]:
        _remove_folder(other)


def _remove_folder(new: Path) -> None:
    if not new.is_symlink():
        remove_zoo(new)  # in the order in which a part that is left is still known
    remove(new)


def _new_folders(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{_NEW}{_DIGITS}"))


def _hash(folder: Path) -> str | None:
    """Give the hash of the zoo that a folder holds, if it is finished."""
    try:
        found = peek(folder / INDEX)
    except GraphError:
        return None
    return found.get("hash") if isinstance(found, dict) else None
