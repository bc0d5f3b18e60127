"""Making room: removing from a folder the zoo that cannot be gone on with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graphgen.files.destination import claim
from pipelines.zoo.identity import OtherZooError, StoredSettings
from pipelines.zoo.index import INDEX, ZOO
from pipelines.zoo.shards import own_shards
from pipelines.zoo.store import PROGRESS, Store


def open_store(
    folder: Path,
    settings: StoredSettings,
    made: Mapping[str, Any],
    say: Callable[[str], None],
    replace: bool,
) -> Store:
    """Open the store of a folder; with `replace`, where it holds another zoo, that is removed."""
    try:
        return Store(folder, settings, made, say)
    except OtherZooError:
        if not replace:
            raise
        remove_zoo(folder)
        return Store(folder, settings, made, say)


def remove_zoo(folder: Path) -> None:
    """Remove the files of a zoo; nothing else is touched."""
    for path in [*own_shards(folder), folder / PROGRESS, folder / INDEX]:
        path.unlink(missing_ok=True)


def claim_folder(folder: Path) -> None:
    """Raise `GraphError` for a folder that holds anything else than a zoo, finished or begun."""
    if (folder / INDEX).exists() or not (folder / PROGRESS).exists():
        claim(folder, INDEX, ZOO, replace=True)
