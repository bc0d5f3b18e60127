"""The names of a zoo's shards: `shard-<number>`, a journal while they are begun."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"shard-([0-9]{5,12})\.(safetensors|journal)")


def shard_path(folder: Path, number: int, suffix: str = "safetensors") -> Path:
    """Say where a shard is, finished or as a journal."""
    return folder / f"shard-{number:05d}.{suffix}"


def own_shards(folder: Path) -> list[Path]:
    """List what the shards of a zoo are called in a folder, finished or begun."""
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def number_of(path: Path) -> int:
    """Give the number in the name of a shard."""
    return int(path.stem.removeprefix("shard-"))
