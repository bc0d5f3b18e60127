"""What may be meant where a checkpoint does not fit: another name, other axes."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from itertools import permutations

Shape = tuple[int, ...]
MOST_COMPARED = 20_000
MOST_PERMUTED = 5
_CLOSE = 0.6
_WORDS = {2: "o i", 3: "o i w", 4: "o i h w", 5: "o i d h w"}


def axes_between(stored: Shape, own: Shape) -> str | None:
    """Say how axes would have to move for one shape to become another; None if they cannot.

    >>> axes_between((3, 3, 8, 16), (16, 8, 3, 3))
    'h w i o -> o i h w'
    """
    long_stored, long_own = ([size for size in s if size != 1] for s in (stored, own))
    if stored == own or sorted(long_stored) != sorted(long_own) or len(own) > MOST_PERMUTED:
        return None
    if len(stored) == len(own):
        words = _WORDS.get(len(own), "a b c d e"[: 2 * len(own)]).split()
        return f"{' '.join(words[axis] for axis in _order(stored, own))} -> {' '.join(words)}"
    if long_stored != long_own:
        return None
    names = "abcdefgh"[: len(long_own)]
    sides = []
    for shape in (stored, own):
        left = iter(names)
        sides.append(" ".join("1" if size == 1 else next(left) for size in shape))
    return " -> ".join(sides)


def _order(stored: Shape, own: Shape) -> tuple[int, ...]:
    """Give the place among the architecture's axes of each stored one; frameworks' orders first."""
    n = len(own)
    usual = [(*range(2, n), 1, 0), (0, *range(2, n), 1), *permutations(range(n))]
    return next(order for order in usual if tuple(own[axis] for axis in order) == stored)


def closest(missing: Mapping[str, Shape], left: Mapping[str, Shape]) -> dict[str, str]:
    """Pair names that are missing with names that are left over, by shape and then by name."""
    by_shape: dict[Shape, list[str]] = {}
    for name, shape in left.items():
        by_shape.setdefault(tuple(sorted(size for size in shape if size != 1)), []).append(name)
    found, compared = {}, 0
    for name, shape in missing.items():
        options = by_shape.get(tuple(sorted(size for size in shape if size != 1)), [])
        compared += len(options)
        if not options or compared > MOST_COMPARED:
            continue
        matcher = SequenceMatcher(b=name, autojunk=False)
        best, share = options[0], 0.0
        for option in options:
            matcher.set_seq1(option)
            if matcher.real_quick_ratio() > share and (ratio := matcher.ratio()) > share:
                best, share = option, ratio
        if share > _CLOSE or len(options) == 1:
            found[name] = best
    return found
