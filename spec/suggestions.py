"""Suggestions: what a misspelt word may have been meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice

MOST_OPTIONS = 300
LONGEST_WORD = 40


def suggest(word: str, options: Iterable[object]) -> str:
    """Give `; did you mean ...?` where an option is close, else nothing.

    Words of more than 40 characters, and what comes after 300 options, are left aside.

    >>> suggest("conv2b", ["linear", "conv2d"])
    "; did you mean 'conv2d'?"
    """
    if len(word) > LONGEST_WORD:
        return ""
    words = [str(option) for option in islice(options, MOST_OPTIONS)]
    close = _closest(word, tuple(other for other in words if len(other) <= LONGEST_WORD))
    return f"; did you mean {close[0]!r}?" if close else ""


@lru_cache(maxsize=256)
def _closest(word: str, options: tuple[str, ...]) -> list[str]:
    return get_close_matches(word, options, n=1, cutoff=0.6)
