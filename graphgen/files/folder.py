"""Folders: whether a path leads to one."""

from __future__ import annotations

from pathlib import Path


def is_folder(path: Path) -> bool:
    """Say whether a path leads to a folder; a name that no file can have leads nowhere."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
