"""Numbers of permutations, printed without being multiplied out where they are long."""

from __future__ import annotations

from collections.abc import Iterable
from math import factorial, lgamma, log, log10

DIGITS = 60
"""As many digits are printed in full."""


def logarithm(factorials: Iterable[tuple[int, int]], factors: Iterable[tuple[int, int]]) -> float:
    """Give the logarithm to base 10 of `prod(n! ** times) * prod(factor ** times)`.

    logarithm([(3, 2)], [(2, 1)])               # log10(72)
    """
    total = sum(times * lgamma(n + 1) for n, times in factorials) / log(10)
    return total + sum(times * log10(factor) for factor, times in factors)


def product_in_words(
    factorials: Iterable[tuple[int, int]], factors: Iterable[tuple[int, int]]
) -> str:
    """Write such a product: the number itself if it is short, else its power of ten.

    product_in_words([(64, 2)], [])             # "about 10^178"
    """
    factorials, factors = list(factorials), list(factors)
    size = logarithm(factorials, factors)
    if size > DIGITS:
        return f"about 10^{size:.0f}"
    return str(multiplied(factorials, factors))


def multiplied(factorials: Iterable[tuple[int, int]], factors: Iterable[tuple[int, int]]) -> int:
    """Multiply such a product out."""
    exact = 1
    for n, times in factorials:
        exact *= factorial(n) ** times
    for factor, times in factors:
        exact *= factor**times
    return exact
