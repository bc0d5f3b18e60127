"""Making room: removing from a folder the zoo that other settings made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graphgen.files import Journal, read_document
from pipelines.zoo.index import INDEX, ZOO
from pipelines.zoo.store import PROGRESS, StoredSettings


def remove_other_zoo(folder: Path, settings: StoredSettings) -> None:
    """Remove the files of a zoo, if it is one of other settings; nothing else is touched."""
    found = settings_of(folder)
    if found is None or found == json.loads(json.dumps(settings.plain())):
        return
    for path in [*folder.glob("shard-*"), folder / PROGRESS, folder / INDEX]:
        path.unlink(missing_ok=True)


def settings_of(folder: Path) -> Any:
    """Read the settings of the zoo in a folder, finished or not; None if there is none."""
    if (folder / INDEX).exists():
        return read_document(folder / INDEX, ZOO)["zoo"]
    if (folder / PROGRESS).exists():
        with Journal(folder / PROGRESS) as progress:
            records = progress.records()
        if records:
            return json.loads(records[0])["zoo"]
    return None
