"""How fast rotary positions turn each pair of features, stretched for longer sequences or not."""

from __future__ import annotations

import math
from collections.abc import Sequence

Turning = tuple[float, tuple[float, ...], float]
"""The base, the frequencies where these are no powers of it, and a factor of what is turned."""


def plain(base: float, size: int) -> tuple[float, ...]:
    """Give `base ** (-2 i / size)` for each pair (Su et al. 2021)."""
    return tuple(base ** (-2 * i / size) for i in range(size // 2))


def linear(base: float, size: int, factor: float) -> Turning:
    """Put positions closer together (Chen et al. 2023, eq. 4)."""
    return base, tuple(speed / factor for speed in plain(base, size)), 1.0


def dynamic(base: float, size: int, factor: float, original: int, length: int) -> Turning:
    """Take a larger base for sequences that are longer than the `original` ones."""
    if length <= original or size == 2:
        return base, (), 1.0
    grown = factor * length / original - (factor - 1)
    return base * grown ** (size / (size - 2)), (), 1.0


def llama3(
    base: float, size: int, factor: float, original: int, low: float, high: float
) -> Turning:
    """Stretch the slow pairs, and the ones between `low` and `high` turns in part (Llama 3.1)."""
    speeds = []
    for speed in plain(base, size):
        turns = original * speed / (2 * math.pi)
        share = min(max((turns - low) / (high - low), 0.0), 1.0)
        speeds.append((1 - share) * speed / factor + share * speed)
    return base, tuple(speeds), 1.0


def yarn(
    base: float, size: int, factor: float, original: int, turns: tuple[float, float], whole: bool,
    magnitude: float,
) -> Turning:  # fmt: skip
    """Stretch pairs with few turns in an `original` sequence (Peng et al. 2023, section 3.2).

    They are stretched in part between two numbers of turns; `whole`: from a pair on to another.
    """
    first, last = (
        size * math.log(original / (number * 2 * math.pi)) / (2 * math.log(base))
        for number in turns
    )
    if whole:
        first, last = math.floor(first), math.ceil(last)
    low, high = max(first, 0), min(last, size - 1)
    width = high - low or 0.001
    speeds = []
    for i, speed in enumerate(plain(base, size)):
        share = min(max((i - low) / width, 0.0), 1.0)
        speeds.append(share * speed / factor + (1 - share) * speed)
    return base, tuple(speeds), magnitude


def longrope(base: float, size: int, divisors: Sequence[float], magnitude: float) -> Turning:
    """Divide the speed of each pair by a number of its own (Ding et al. 2024)."""
    speeds = zip(plain(base, size), divisors, strict=True)
    return base, tuple(speed / divisor for speed, divisor in speeds), magnitude


def yarn_magnitude(factor: float, by: float = 1.0) -> float:
    """Give the factor of what is turned (Peng et al. 2023, eq. 22)."""
    return 0.1 * by * math.log(factor) + 1 if factor > 1 else 1.0


def longrope_magnitude(factor: float, original: int) -> float:
    """Give the factor of what is turned (Ding et al. 2024)."""
    return math.sqrt(1 + math.log(factor) / math.log(original)) if factor > 1 else 1.0
