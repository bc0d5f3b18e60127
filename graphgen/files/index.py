"""Indices: one JSON file that says what a folder of shards holds, sealed by a hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.files.atomic import write_json


def write_index(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Write `index.json` with the hash of its content."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    index = {**content, "hash": hashlib.sha256(text.encode()).hexdigest()}
    write_json(folder / "index.json", index)
    return index


def read_index(folder: Path, format_: str, version: int) -> dict[str, Any]:
    """Read `index.json` and check its format and its hash."""
    path = folder / "index.json"
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GraphError(f"{path}: no such file; the folder holds no finished {format_}") from None
    except (ValueError, OSError) as error:
        raise GraphError(f"{path}: not readable as JSON: {error}") from None
    if not isinstance(index, dict) or index.get("format") != format_:
        raise GraphError(f"{path}: expected the format {format_!r}")
    if index.get("version") != version:
        raise GraphError(f"{path}: version {index.get('version')!r}, expected {version}")
    content = {key: value for key, value in index.items() if key != "hash"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    if hashlib.sha256(text.encode()).hexdigest() != index.get("hash"):
        raise GraphError(f"{path}: the content does not match its hash; the file was changed")
    return index
