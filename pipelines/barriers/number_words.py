"""A text by a rule: numbers in English words, to train small language models without a download."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]

ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
MOST = 10_000
HELD_OUT = 10
ALPHABET = "\n abcdefghijklmnopqrstuvwxyz"


def in_words(number: int) -> str:
    """Write a number below ten thousand in words.

    >>> in_words(4207), in_words(13), in_words(980)
    ('four thousand two hundred seven', 'thirteen', 'nine hundred eighty')
    """
    parts = []
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            parts += [ONES[number // size], name]
            number %= size
            if not number:
                return " ".join(parts)
    if number >= 20:
        parts.append(TENS[number // 10 - 2])
        number %= 10
        if not number:
            return " ".join(parts)
    return " ".join([*parts, ONES[number]])


def windows(length: int, count: int, test: bool, seed: int) -> Indices:
    """Give windows of characters: (count, length + 1), numbers of `ALPHABET`'s letters.

    Numbers are drawn at random and written one a line; those that ten divides with a rest of 7 are
    in the windows of the test alone.
    """
    rng = np.random.default_rng([seed, test])
    numbers = np.arange(MOST)
    numbers = numbers[(numbers % HELD_OUT == 7) == test]
    text = ""
    while len(text) < count * (length + 1):
        text += "".join(in_words(int(n)) + "\n" for n in rng.choice(numbers, 1000))
    place = {letter: k for k, letter in enumerate(ALPHABET)}
    codes = np.array([place[letter] for letter in text[: count * (length + 1)]], dtype=np.int64)
    return codes.reshape(count, length + 1)
