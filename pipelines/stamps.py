"""Stamps: what tells a file from another that stood in its place before."""

from __future__ import annotations

from pathlib import Path

Stamp = tuple[str, int, int]


def stamp(path: str | Path) -> Stamp | None:
    """Give a file's whole path, its size and when it was written; None where there is none.

    What is kept of a file in a process is kept by its stamp.
    """
    place = Path(path)
    try:
        status = place.stat()
    except OSError:
        return None
    return str(place.resolve()), status.st_size, status.st_mtime_ns
