"""Suggestions: what a misspelt word may have been meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def suggest(word: str, options: Iterable[object]) -> str:
    """Give `; did you mean ...?` where an option is close, else nothing.

    >>> suggest("conv2b", ["linear", "conv2d"])
    "; did you mean 'conv2d'?"
    """
    close = get_close_matches(word, [str(option) for option in options], n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
