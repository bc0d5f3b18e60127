"""Many names that differ in a number that counts, as one expression."""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_NAMES = 6
"""From how many names on they are written so."""


def counted(names: list[str]) -> list[str]:
    """Write many names that differ in a number that counts as one expression.

    >>> counted(["x", *(f"h.{i}.y" for i in range(9))])
    ['x', "${['h.' + str(n) + '.y' for n in range(9)]}"]
    """
    found: list[str] = []
    place = 0
    while place < len(names):
        run = _run_from(names, place)
        if run is None:
            found.append(names[place])
            place += 1
        else:
            found.append(run[0])
            place += run[1]
    return found


def _run_from(names: Sequence[str], place: int) -> tuple[str, int] | None:
    """Give the expression for the longest run of names from a place on, and its length."""
    best = None
    for match in re.finditer(r"(?<!\d)\d+", names[place]):
        head, tail, start = (
            names[place][: match.start()],
            names[place][match.end() :],
            int(match[0]),
        )
        length = 0
        while place + length < len(names) and names[place + length] == (
            f"{head}{start + length}{tail}"
        ):
            length += 1
        if length >= MOST_NAMES and (best is None or length > best[1]):
            if not re.fullmatch(r"[\w.\-]*", head + tail):
                continue
            first = f"{start}, " if start else ""
            texts = [f"'{head}' + " if head else "", "str(n)", f" + '{tail}'" if tail else ""]
            best = f"${{[{''.join(texts)} for n in range({first}{start + length})]}}", length
    return best
