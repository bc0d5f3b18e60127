"""Shapes that do not tell in which of the frameworks' orders their axes are."""

from __future__ import annotations

from collections.abc import Iterable


def is_unclear(shape: tuple[int, ...]) -> bool:
    """Say whether weights keep their shape where another framework's order is PyTorch's.

    >>> is_unclear((8, 8)), is_unclear((8, 4)), is_unclear((3, 3, 3, 3))
    (True, False, True)
    """
    n = len(shape)
    if n < 2:
        return False
    orders: Iterable[tuple[int, ...]] = ((*range(2, n), 1, 0), (0, *range(2, n), 1))
    return any(
        tuple(shape[axis] for axis in order) == shape and _moves(order, shape) for order in orders
    )


def _moves(order: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Say whether an order moves scalars, and not only axes of size one."""
    long = [axis for axis in order if shape[axis] > 1]
    return long != sorted(long)
