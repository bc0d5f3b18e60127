"""Which part of a stored array a view is, where it is cut out along its axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class Cut:
    """For each axis of a stored array the items that a view has; and the view's axes, in order.

    `order` has the stored axis that each axis of more than one item of the view lies along.
    """

    items: tuple[range, ...]
    order: tuple[int, ...]

    def is_whole(self, shape: tuple[int, ...]) -> bool:
        """Whether the view has all items of an array of this shape."""
        return all(len(items) == size for items, size in zip(self.items, shape, strict=True))


def cut_of(view: NDArray[Any], base: NDArray[Any]) -> Cut | None:
    """Say how a view is cut out of an array; None where it is none, or is reshaped besides.

    cut_of(table[2:7].T, table).items       # (range(2, 7), range(0, width))
    """
    if view.dtype != base.dtype or 0 in view.shape or 0 in base.shape:
        return None
    start = view.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    # From the longest stride on, each axis takes what is left of the distance.
    axes = sorted(
        (a for a in range(base.ndim) if base.shape[a] > 1), key=lambda a: -abs(base.strides[a])
    )
    first = [0] * base.ndim
    for axis in axes:
        if base.strides[axis] <= 0:
            return None
        first[axis], start = divmod(start, base.strides[axis])
    if start or any(not 0 <= f < max(n, 1) for f, n in zip(first, base.shape, strict=True)):
        return None
    items = [range(f, f + 1) for f in first]
    order = []
    for size, stride in zip(view.shape, view.strides, strict=True):
        if size == 1:
            continue
        along = [a for a in axes if stride and stride % base.strides[a] == 0]
        if not along or along[0] in order:
            return None
        axis = along[0]
        step = stride // base.strides[axis]
        items[axis] = range(first[axis], first[axis] + step * (size - 1) + 1, step)
        if step < 1 or items[axis][-1] >= base.shape[axis]:
            return None
        order.append(axis)
    if prod(map(len, items)) != view.size:
        return None
    return Cut(tuple(items), tuple(order))
