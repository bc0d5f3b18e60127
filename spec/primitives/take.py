"""Take: chosen items along one axis, and a constant where none is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show

NONE = -1
"""The index of no item: the constant is there."""

Run = tuple[int, int, int]
"""The first index, how many there are, and the step from each to the next."""


@dataclass(frozen=True)
class Take(Primitive):
    """The items along `axis`, counted without the batch, that `runs` list one after the other.

    A run of the first index -1 stands for items that are `value`. Rolling, flipping, padding of
    every kind, steps, repetition and overlapping windows are such choices.
    """

    axis: int
    runs: tuple[Run, ...]
    value: float = 0.0
    name: ClassVar[str] = "take"

    @property
    def count(self) -> int:
        """The number of items that are taken."""
        return sum(count for _, count, _ in self.runs)

    @property
    def indices(self) -> list[int]:
        """The index of each item; -1 where the constant is."""
        return [first + i * step for first, count, step in self.runs for i in range(count)]

    @property
    def is_filled(self) -> bool:
        """Whether the constant is anywhere."""
        return any(first == NONE for first, _, _ in self.runs)

    @property
    def is_run(self) -> bool:
        """Whether items come in order, each once."""
        first, count, step = self.runs[0]
        return len(self.runs) == 1 and first != NONE and (step > 0 or count == 1)

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,) = inputs
        if not 0 <= self.axis < len(x):
            raise ShapeError(f"there is no axis {self.axis + 1} in {show(x)}")
        for first, count, step in self.runs:
            last = first + (count - 1) * step
            alone = first == NONE and not step
            if count < 1 or not (alone or 0 <= min(first, last) <= max(first, last) < x[self.axis]):
                raise ShapeError(
                    f"no items {first} to {last} along axis {self.axis + 1} of {show(x)}"
                )
        return (*x[: self.axis], self.count, *x[self.axis + 1 :])


def runs_of(indices: Sequence[int]) -> tuple[Run, ...]:
    """Join indices into as few runs as come by greed.

    >>> runs_of([-1, -1, 0, 1, 2, 1]), runs_of([2, 2, 2])
    (((-1, 2, 0), (0, 3, 1), (1, 1, 0)), ((2, 3, 0),))
    """
    runs: list[Run] = []
    begin = 0
    while begin < len(indices):
        first, end = indices[begin], begin + 1
        step = indices[end] - first if end < len(indices) else 0
        if NONE in (first, *indices[end : end + 1]) and step:
            step = 0
        else:
            while end < len(indices) and indices[end] == indices[end - 1] + step != NONE:
                end += 1
            while first == NONE and end < len(indices) and indices[end] == NONE:
                end += 1
        runs.append((first, end - begin, step if end - begin > 1 else 0))
        begin = end
    return tuple(runs)


BEYOND: dict[str, Callable[[int, int], int]] = {
    "constant": lambda place, size: place if 0 <= place < size else NONE,
    "reflect": lambda place, size: size - 1 - abs(size - 1 - abs(place)),
    "replicate": lambda place, size: min(max(place, 0), size - 1),
    "circular": lambda place, size: place % size,
}
"""What lies beyond the borders of an axis: the index of the item that is there."""


def most_padding(mode: str, size: int) -> int | None:
    """Say how many items there are beyond a border; None without a bound.

    >>> most_padding("reflect", 4), most_padding("circular", 4), most_padding("constant", 4)
    (3, 4, None)
    """
    return {"reflect": size - 1, "circular": size}.get(mode)
