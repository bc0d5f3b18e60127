"""Files of splits: JSON that names the files for training, validation and tests."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from pipelines.errors import PipelineError
from pipelines.published.folders import inside, read_json

SPLITS = {"train": "train", "val": "validation", "test": "test"}
"""What their files call the splits, and what records do."""


def read_splits(path: Path, parts: int) -> dict[tuple[str, ...], str]:
    """Read which files are for training, validation and tests, by the last parts of their paths.

    The file has for each of `train`, `val` and `test` a list of paths, or a mapping whose `path` is
    one. Paths are those of the machine that wrote it.
    """
    data = read_json(inside(path.parent, path))
    result: dict[tuple[str, ...], str] = {}
    for theirs, ours in SPLITS.items():
        listed = data.get(theirs) if isinstance(data, dict) else None
        listed = listed.get("path") if isinstance(listed, dict) else listed
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            raise PipelineError(
                f"{path}: {theirs}: expected a list of paths, alone or as `path`, got "
                f"{type(listed).__name__}"
            )
        for name in listed:
            key = PurePosixPath(name.replace("\\", "/")).parts[-parts:]
            if result.setdefault(key, ours) != ours:
                raise PipelineError(f"{path}: {name!r:.200} is in two splits")
    return result
