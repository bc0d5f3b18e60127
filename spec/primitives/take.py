"""Take: chosen items along one axis, and a constant where none is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record

NONE = -1
"""The index of no item: the constant is there."""

Run = tuple[int, int, int]
"""The first index, how many there are, and the step from each to the next."""


@record(frozen=True)
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
        return [*items_of(self.runs)]

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


def runs_of(indices: Iterable[int]) -> tuple[Run, ...]:
    """Join indices into as few runs as come by greed.

    >>> runs_of([-1, -1, 0, 1, 2, 1]), runs_of([2, 2, 2])
    (((-1, 2, 0), (0, 3, 1), (1, 1, 0)), ((2, 3, 0),))
    """
    return joined((index, 1, 0) for index in indices)


def run_of(indices: range) -> Run:
    """Give the run of an arithmetic sequence.

    >>> run_of(range(8)[::-2])
    (7, 4, -2)
    """
    return indices.start, len(indices), indices.step


def items_of(runs: Iterable[Run]) -> Iterator[int]:
    """Give the items of runs one by one."""
    return (first + place * step for first, count, step in runs for place in range(count))


def joined(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Give the runs that greed finds in the items of others, which may be empty.

    >>> joined([(0, 3, 1), (3, 1, 0), (4, 2, -4)])
    ((0, 5, 1), (0, 1, 0))
    """
    left = [run for run in runs if run[1]][::-1]
    result: list[Run] = []
    while left:
        first, count, step = left.pop()
        if count == 1 and left:
            step = left[-1][0] - first
            if NONE in (first, left[-1][0]):
                step = 0
        while (
            left
            and left[-1][0] == first + count * step
            and (first == NONE) == (left[-1][0] == NONE)
        ):
            place, more, stride = left.pop()
            if more > 1 and stride != step:
                left.append((place + stride, more - 1, stride))
                more = 1
            count += more
        result.append((first, count, step if count > 1 else 0))
    return tuple(result)


def part_of(runs: Iterable[Run], start: int, stop: int) -> Iterator[Run]:
    """Give the items from `start` to before `stop` of runs.

    >>> [*part_of([(-1, 2, 0), (0, 4, 1)], 1, 4)]
    [(-1, 1, 0), (0, 2, 1)]
    """
    for first, count, step in runs:
        begin, end = max(start, 0), min(stop, count)
        if begin < end:
            yield first + begin * step, end - begin, step
        start, stop = start - count, stop - count


def beyond(mode: str, kept: range, before: int, behind: int) -> tuple[Run, Run]:
    """Give the items that `mode` puts before and behind those of an axis that are kept."""
    size = len(kept)
    if mode == "constant":
        return (NONE, before, 0), (NONE, behind, 0)
    if mode == "replicate":
        return (kept[0], before, 0), (kept[-1], behind, 0)
    if mode == "reflect":
        return run_of(kept[1 : before + 1][::-1]), run_of(kept[size - 1 - behind : size - 1][::-1])
    return run_of(kept[size - before :]), run_of(kept[:behind])


def most_padding(mode: str, size: int) -> int | None:
    """Say how many items there are beyond a border; None without a bound.

    >>> most_padding("reflect", 4), most_padding("circular", 4), most_padding("constant", 4)
    (3, 4, None)
    """
    return {"reflect": size - 1, "circular": size}.get(mode)
