"""Runs: which items of one axis meet which of another, as arithmetic progressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from graphgen.lower.computation.state import Items, Row


class Run(NamedTuple):
    """`length` pairs of positions: `out + i * out_step` meets `into + i * into_step`."""

    length: int
    out: int
    out_step: int
    into: int
    into_step: int
    coefficients: tuple[float, ...]


def runs(pairs: Sequence[tuple[int, int, float]]) -> list[Run]:
    """Join pairs (out, in, coefficient), sorted by out, into as few runs as come by greed.

    >>> [(r.length, r.out, r.into, r.into_step) for r in runs([(1, 0, 1), (2, 1, 1), (3, 1, 1)])]
    [(2, 1, 0, 1), (1, 3, 1, 0)]
    """
    result: list[Run] = []
    begin = 0
    while begin < len(pairs):
        end, step = begin + 1, (0, 0)
        if end < len(pairs):
            step = pairs[end][0] - pairs[begin][0], pairs[end][1] - pairs[begin][1]
            while end < len(pairs) and step == (
                pairs[end][0] - pairs[end - 1][0],
                pairs[end][1] - pairs[end - 1][1],
            ):
                end += 1
        own, count, begin = pairs[begin:end], end - begin, end
        result.append(
            Run(count, own[0][0], step[0], own[0][1], step[1], tuple(c for _, _, c in own))
        )
    return result


def window_runs(
    outputs: int, inputs: int, tap: int, stride: int, padding: int, dilation: int, mode: str
) -> list[Run]:
    """Join the positions of a sliding window that see an input through one tap."""
    beyond = BEYOND[mode]
    pairs = []
    for out in range(outputs):
        place = beyond(out * stride + tap * dilation - padding, inputs)
        if 0 <= place < inputs:
            pairs.append((out, place, 1.0))
    return runs(pairs)


BEYOND: dict[str, Callable[[int, int], int]] = {
    "zeros": lambda place, size: place,
    "reflect": lambda place, size: size - 1 - abs(size - 1 - abs(place)),
    "replicate": lambda place, size: min(max(place, 0), size - 1),
    "circular": lambda place, size: place % size,
}
"""What lies beyond the borders: the position whose item is there, or one that does not exist."""


def spatial_rows(
    axes: Sequence[Sequence[Run]], source: Items, target: Items, first: int
) -> Iterator[tuple[Items, Items, list[Row], tuple[float, ...]]]:
    """Combine the runs of all spatial axes, the first of which is axis `first` of both values.

    Gives shifted ends, the rows of a block, and the products of the coefficients.
    """
    dims = len(axes)
    for chosen in product(*axes):
        from_source, to_target = source, target
        for place, run in enumerate(chosen):
            axis = first + place
            from_source = from_source.axis(axis, run.length, run.into, run.into_step)
            to_target = to_target.axis(axis, run.length, run.out, run.out_step)
        coefficients: tuple[float, ...] = (1.0,)
        for run in chosen:
            coefficients = tuple(a * b for a in coefficients for b in run.coefficients)
        inner = 1
        rows: list[Row] = []
        for place in reversed(range(dims)):
            axis, size = first + place, chosen[place].length
            rows.insert(0, (size, from_source.strides[axis], to_target.strides[axis], inner))
            inner *= size
        yield from_source, to_target, rows, coefficients
