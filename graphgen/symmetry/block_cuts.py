"""One block, cut into pieces along its axes, and which of its coordinates stand for all."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

from graphgen.symmetry.digits import Digit, Span
from graphgen.template import EdgeBlock, NodeGroup

Kept = tuple[NDArray[np.int64], NDArray[np.uint64]]
TOLD = ("tap", "position", "place")
"""The axes of a block whose coordinate tells its edges apart."""


@dataclass(frozen=True)
class End:
    """One end of a block: where it begins in its group, and its strides."""

    group: int
    start: int
    strides: tuple[int, ...]

    def axes(self, shape: tuple[int, ...]) -> list[int]:
        """List the axes that move along, the longest stride first."""
        moving = [k for k, s in enumerate(self.strides) if s and shape[k] > 1]
        return sorted(moving, key=lambda k: -abs(self.strides[k]))

    def reach(self, starts: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, int]:
        """Give the first and the last node of a part of its coordinates, in whatever direction."""
        moves = [(n - 1) * s for n, s in zip(shape, self.strides, strict=True)]
        at = self.start + sum(c * s for c, s in zip(starts, self.strides, strict=True))
        return at + sum(min(0, way) for way in moves), at + sum(max(0, way) for way in moves)

    def dense(self, shape: tuple[int, ...]) -> int:
        """Count the nodes if it leaves none out, else give 0."""
        length = 1
        for axis in reversed(self.axes(shape)):
            if self.strides[axis] != length:
                return 0
            length *= shape[axis]
        return length


@dataclass
class Piece:
    """A part of a block: where it begins along each axis and how long it is; a span at each end."""

    starts: tuple[int, ...]
    shape: tuple[int, ...]
    spans: list[Span | None] = field(default_factory=list)


def ends_of(groups: list[NodeGroup], block: EdgeBlock) -> list[End]:
    """Give the two ends of a block."""
    return [
        End(group, start - groups[group].start, strides)
        for group, start, strides in (
            (block.source_group, block.source_start, block.source_strides),
            (block.target_group, block.target_start, block.target_strides),
        )
    ]


class Cut:
    """A block, cut into pieces.

    `odd` if its cuts do not nest with those of its nodes, or it runs backwards along an axis.
    """

    def __init__(self, block: EdgeBlock, ends: list[End]) -> None:
        self.block, self.ends = block, ends
        self.breaks: list[set[int]] = [{0, n} for n in block.shape]
        self.pieces: list[Piece] = []
        self.odd = any(
            stride < 0 and n > 1
            for end in ends
            for n, stride in zip(block.shape, end.strides, strict=True)
        )

    def along(self, axis: int) -> list[tuple[int, int]]:
        """List the stretches of an axis: first and size."""
        return [(a, b - a) for a, b in pairwise(sorted(self.breaks[axis]))]

    def runs(self, piece: Piece, axis: int) -> list[list[Digit]]:
        """List the digits that an axis of a piece runs over at each end that moves along it."""
        n = piece.shape[axis]
        return [
            span.over(end.strides[axis], n)
            for end, span in zip(self.ends, piece.spans, strict=True)
            if span is not None and n > 1 and end.strides[axis] > 0
        ]

    def kept(self) -> list[Kept]:
        """Give for each axis the coordinates that stay, and how many each stands for."""
        found: dict[tuple[int, int], Kept] = {}
        for piece in self.pieces:
            for axis, (first, n) in enumerate(zip(piece.starts, piece.shape, strict=True)):
                if (axis, first) in found:
                    continue
                runs = self.runs(piece, axis)
                digits = runs[0] if runs else []
                found[axis, first] = kept_values(digits, n, first)
        result = []
        for axis in range(len(self.block.shape)):
            rows = [found[axis, first] for first, _ in self.along(axis)]
            result.append(
                (np.concatenate([v for v, _ in rows]), np.concatenate([w for _, w in rows]))
            )
        return result


def kept_values(digits: list[Digit], n: int, first: int) -> Kept:
    """List what stays of n coordinates, and how many each stands for: all, but where digits are."""
    if prod(digit.size for digit in digits) != n:
        return np.arange(first, first + n), np.ones(n, np.uint64)
    values, weight = np.zeros(1, np.int64), np.ones(1, np.uint64)
    for digit in digits:
        values = (values[:, None] * digit.size + np.arange(digit.kept)).reshape(-1)
        weight = np.repeat(weight, digit.kept) * stands_for(digit)
    return values + first, weight


def stands_for(digit: Digit) -> np.uint64:
    """Give size / kept modulo 2^64: for so many items of a graph each kept one stands."""
    if digit.kept == digit.size:
        return np.uint64(1)
    return np.uint64(digit.size * pow(digit.kept, -1, 1 << 64) % (1 << 64))
