"""What somebody meant who misspelt a file's name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

MOST_NAMES = 10_000


def suggestion(paths: Iterable[Path]) -> str:
    """Name what is there and called alike, of paths where there is nothing; else "".

    suggestion([Path("nte.yaml")])          # "; did you mean net.yaml?"
    """
    found = [meant for path in paths for meant in similar(path)]
    return f"; did you mean {' and '.join(found)}?" if found else ""


def similar(path: Path) -> list[str]:
    """Find the path that is most like one where there is nothing, in the same folder."""
    try:
        if path.exists():
            return []
        names = [each.name for each in os.scandir(path.parent)]
    except (OSError, ValueError):
        return []
    return [
        str(path.with_name(name)) for name in get_close_matches(path.name, names[:MOST_NAMES], 1)
    ]
