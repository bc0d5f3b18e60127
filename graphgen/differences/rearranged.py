"""Offsets in one array against offsets in another, as a change of axes in the language's words."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple, TypeAlias

import numpy as np

from graphgen.differences.incidence import Ints

Shape: TypeAlias = tuple[int, ...]
LETTERS = "abcdefghijklmnop"
WORDS = {1: "o", 2: "o i", 3: "o i w", 4: "o i h w", 5: "o i d h w"}


class Digit(NamedTuple):
    """A run of equal steps, in the architecture's tensor and in the stored one."""

    size: int
    own: int
    stored: int


class Axes(NamedTuple):
    """A change of axes: the text, empty where nothing moves, and the sizes that it needs."""

    text: str
    sizes: dict[str, int]


def digits_of(offsets: Ints) -> list[Digit] | None:
    """Read two rows of offsets, the architecture's and the stored, as digits; None if not so.

    >>> digits_of(np.array([[0, 1, 2, 3], [0, 2, 1, 3]]))
    [Digit(size=2, own=1, stored=2), Digit(size=2, own=2, stored=1)]
    """
    own, stored = offsets[:, np.argsort(offsets[0], kind="stable")]
    result = []
    while len(own) > 1:
        step, far = int(own[1] - own[0]), int(stored[1] - stored[0])
        count = np.arange(len(own))
        straight = (own == own[0] + step * count) & (stored == stored[0] + far * count)
        size = len(own) if straight.all() else int(np.argmin(straight))
        if len(own) % size or size < 2:
            return None
        steps = np.arange(size)
        for row, by in ((own, step), (stored, far)):
            if not np.array_equal(row.reshape(-1, size), row[::size, None] + steps * by):
                return None
        result.append(Digit(size, step, far))
        own, stored = own[::size], stored[::size]
    return result


def run_together(digits: Sequence[Digit]) -> list[Digit]:
    """Make one of digits of which one goes on where the other ends, on both sides."""
    result: list[Digit] = []
    for digit in sorted(digits, key=lambda each: each.own):
        last = result[-1] if result else None
        if last is not None and (last.own * last.size, last.stored * last.size) == digit[1:]:
            result[-1] = Digit(last.size * digit.size, last.own, last.stored)
        else:
            result.append(digit)
    return result


def axes_of(digits: Sequence[Digit], own: Shape, stored: Shape) -> Axes | None:
    """Say how the axes of a stored tensor become the architecture's; None if no axes do."""
    cut = _cut(_cut(_cut(list(digits), own, "own"), stored, "stored"), own, "own")
    there, here = _lying(cut, stored, "stored"), _lying(cut, own, "own")
    if there is None or here is None:
        return None
    if there == here:
        return Axes("", {})
    plain = all(len(group) <= 1 for group in here)
    words = WORDS.get(len(own), LETTERS[: len(own)]).split() if plain else None
    names: dict[int, str] = {}
    for axis, group in enumerate(here):
        for digit in group:
            names[digit] = words[axis] if words else LETTERS[len(names)]
    sizes = {names[digit]: cut[digit].size for group in here for digit in group[1:]}
    written = [
        " ".join(_written([names[d] for d in group]) for group in side) for side in (there, here)
    ]
    return Axes(" -> ".join(written), sizes)


def _written(names: list[str]) -> str:
    return f"({' '.join(names)})" if len(names) > 1 else (names[0] if names else "1")


def _cut(digits: list[Digit], shape: Shape, which: str) -> list[Digit]:
    """Cut digits where an axis of one side ends inside."""
    ends = [prod(shape[axis:]) for axis in range(len(shape))]
    result: list[Digit] = []
    while digits:
        digit = digits.pop()
        step = digit.own if which == "own" else digit.stored
        cuts = [end // step for end in ends if step < end < step * digit.size and not end % step]
        inner = min(cuts, default=digit.size)
        if inner < digit.size and digit.size % inner == 0:
            outer = Digit(digit.size // inner, digit.own * inner, digit.stored * inner)
            digits.append(outer)
            digit = Digit(inner, digit.own, digit.stored)
        result.append(digit)
    return result


def _lying(digits: list[Digit], shape: Shape, which: str) -> list[list[int]] | None:
    """Give the digits of each axis, the slowest first; None where they do not fill the axes."""
    result: list[list[int]] = []
    left = set(range(len(digits)))
    step = 1
    for size in reversed(shape):
        group: list[int] = []
        end = step * size
        while step < end:
            found = [
                number for number in left
                if (digits[number].own if which == "own" else digits[number].stored) == step
            ]  # fmt: skip
            if len(found) != 1 or end % (step * digits[found[0]].size):
                return None
            left.discard(found[0])
            group.insert(0, found[0])
            step *= digits[found[0]].size
        result.insert(0, group)
    return None if left else result
