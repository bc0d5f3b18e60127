"""What a stage made last: what earlier settings made may stand beside it, and does not count."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from graphgen.files import write_json

FILE = "latest.json"


def write_latest(folder: Path, made: Mapping[str, str]) -> None:
    """Keep the names of the folders that a stage made within one, each with its identity."""
    write_json(folder / FILE, dict(made))


def read_latest(folder: Path) -> dict[str, str]:
    """Read what `write_latest` wrote; nothing where there is no such file."""
    try:
        found: dict[str, str] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found
