"""How a value lies on nodes: each axis is a product of digits, of neurons or of positions."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod

from graphgen.template import Attributes


@dataclass(frozen=True)
class Digit:
    """A factor of an axis, of more than one item.

    Neurons of a group (its index), `stride` nodes apart; or positions (no group), `stride` items
    apart in the row-major space of the positions with which the value's group was born.
    """

    size: int
    group: int | None = None
    stride: int = 1

    def cut(self, inner: int) -> tuple[Digit, Digit]:
        """Cut into runs of `inner` items: the runs, and the items of a run."""
        runs = Digit(self.size // inner, self.group, self.stride * inner)
        return runs, Digit(inner, self.group, self.stride)


Axis = tuple[Digit, ...]
Rows = tuple[tuple[tuple[int, int], ...], ...]
"""For each axis that has positions, the stride and the size of each digit."""


@dataclass(frozen=True)
class Layout:
    """The digits of each axis of a value, and the group that computes it.

    The nodes begin at `start` within the group. Neurons of another group than the computing one
    are carried along from before a product over positions. `exclusive` says that nothing but this
    value continues the group's steps, so that a pointwise operation on it may join the group.
    `space` holds the sizes of the positions at their birth: what tells them apart for good, however
    they are reshaped and transposed. Axes of one item have no digits.
    """

    axes: tuple[Axis, ...]
    group: int
    exclusive: bool = True
    start: int = 0
    space: tuple[int, ...] = ()

    def neurons_only(self, axis: int) -> bool:
        """Say whether an axis holds neurons and no positions."""
        return all(digit.group is not None for digit in self.axes[axis])

    @property
    def digits(self) -> list[Digit]:
        """All digits, axis by axis."""
        return [digit for axis in self.axes for digit in axis]

    @property
    def neurons(self) -> list[Digit]:
        """The digits of neurons, axis by axis."""
        return [digit for axis in self.axes for digit in axis if digit.group is not None]

    @property
    def own(self) -> list[Digit]:
        """The digits of neurons of the computing group."""
        return [digit for axis in self.axes for digit in axis if digit.group == self.group]

    @property
    def carried(self) -> list[Digit]:
        """The digits of neurons of other groups."""
        groups = (None, self.group)
        return [digit for axis in self.axes for digit in axis if digit.group not in groups]

    @property
    def shape(self) -> tuple[int, ...]:
        """The value's shape without the batch axis."""
        return tuple(prod(digit.size for digit in axis) for axis in self.axes)

    def rows(self, chosen: Iterable[int] | None = None) -> Rows:
        """List the positions of some axes, or of all, axis by axis."""
        axes = self.axes if chosen is None else [self.axes[axis] for axis in chosen]
        found = (joined(axis) for axis in axes)
        return tuple(row for row in found if row)

    @property
    def birth(self) -> Rows:
        """The rows of the axes with which the positions were born."""
        strides = row_major(self.space)
        return tuple(((stride, size),) for stride, size in zip(strides, self.space, strict=True))

    def record(self, chosen: Iterable[int] | None = None) -> Attributes:
        """Say on which positions a step acts, axis by axis; nothing if they lie as at birth."""
        rows = self.rows(chosen)
        return () if rows == self.birth else (("positions", rows),)

    def part(self, digits: Iterable[Digit]) -> Attributes:
        """Say which positions some digits are; nothing if they are all, in the order of birth."""
        row = joined(digits)
        return () if row in ((), ((1, prod(self.space)),)) else (("positions", row),)

    def simplified(self) -> Layout:
        """Give the layout with all digits as they would be if nothing had been cut."""
        return replace(self, axes=tuple(simplified(axis, self.space) for axis in self.axes))

    def axis_at(self, place: int, axis: Axis) -> Layout:
        """Give a layout with another axis in a place."""
        return replace(self, axes=(*self.axes[:place], axis, *self.axes[place + 1 :]))

    def without(self, gone: Iterable[Digit]) -> Layout:
        """Leave some positions out; the others keep their identity, and are numbered anew."""
        left = set(gone)
        ordered = sorted(
            (d for d in self.digits if d.group is None and d not in left), key=lambda d: -d.stride
        )
        bounds = {stride for row in self.birth for stride, _ in row}
        space: list[int] = []
        before: Digit | None = None
        for digit in ordered:
            end = digit.stride * digit.size
            if before is not None and before.stride == end and end not in bounds:
                space[-1] *= digit.size
            else:
                space.append(digit.size)
            before = digit
        strides = row_major([digit.size for digit in ordered])
        moved = {d: replace(d, stride=s) for d, s in zip(ordered, strides, strict=True)}
        axes = tuple(tuple(moved.get(d, d) for d in axis if d not in left) for axis in self.axes)
        return replace(self, axes=axes, space=tuple(space))


def born(axes: Sequence[Axis], group: int, exclusive: bool = True, start: int = 0) -> Layout:
    """Give a layout whose positions are numbered row-major as they lie."""
    wide: list[list[Digit]] = []
    for axis in axes:
        wide.append([])
        for digit in axis:
            if digit.group is None and wide[-1] and wide[-1][-1].group is None:
                wide[-1][-1] = Digit(wide[-1][-1].size * digit.size)
            else:
                wide[-1].append(digit)
    space = [digit.size for axis in wide for digit in axis if digit.group is None]
    strides = iter(row_major(space))
    numbered = tuple(
        tuple(d if d.group is not None else Digit(d.size, None, next(strides)) for d in axis)
        for axis in wide
    )
    return Layout(numbered, group, exclusive, start, tuple(space))


def positions(sizes: Iterable[int]) -> list[Axis]:
    """Give an axis of positions for each size, to be numbered at birth."""
    return [axis_of(size) for size in sizes]


def renewed(
    axes: Iterable[Axis], target: int, groups: Container[int | None], goals: Sequence[int] = ()
) -> tuple[Axis, ...]:
    """Put the neurons of some groups on the nodes of another, `goals` apart, digit by digit.

    Without goals the last digit runs fastest.
    """
    kept = list(axes)
    sizes = [d.size for axis in kept for d in axis if d.group in groups]
    strides = iter(goals or row_major(sizes))
    return tuple(
        simplified(
            tuple(Digit(d.size, target, next(strides)) if d.group in groups else d for d in axis)
        )
        for axis in kept
    )


def nested(digits: Sequence[Digit]) -> tuple[int, ...]:
    """Give the strides of digits on nodes of their own, in the order in which they lie on theirs.

    >>> nested([Digit(2, 0, 1), Digit(3, 0, 2)]), nested([Digit(2, 0, 1), Digit(3, 1, 2)])
    ((1, 2), (3, 1))
    """
    if len({digit.group for digit in digits}) > 1:
        return row_major([digit.size for digit in digits])
    order = sorted(range(len(digits)), key=lambda place: -digits[place].stride)
    strides = row_major([digits[place].size for place in order])
    return tuple(strides[order.index(place)] for place in range(len(digits)))


def axis_of(size: int, group: int | None = None, stride: int = 1) -> Axis:
    """Give an axis of one digit, or of none for a single item."""
    return (Digit(size, group, stride),) if size > 1 else ()


def joined(digits: Iterable[Digit]) -> tuple[tuple[int, int], ...]:
    """List strides and sizes of the positions among some digits; neighbours are one."""
    row: list[tuple[int, int]] = []
    for digit in digits:
        if digit.group is not None:
            continue
        if row and row[-1][0] == digit.stride * digit.size:
            row[-1] = (digit.stride, row[-1][1] * digit.size)
        else:
            row.append((digit.stride, digit.size))
    return tuple(row)


def ordered(digits: Iterable[Digit]) -> tuple[tuple[int, int], ...]:
    """List strides and sizes of positions where their order plays no part."""
    return joined(sorted(digits, key=lambda digit: -digit.stride))


def neighbours(outer: Digit, inner: Digit) -> bool:
    """Say whether two digits are one that was cut."""
    return outer.group == inner.group and outer.stride == inner.stride * inner.size


def simplified(axis: Axis, space: Sequence[int] | None = None) -> Axis:
    """Join what was cut and lies together again.

    With their `space`, positions that were two at birth are two, where a cut there is possible.
    """
    if not axis or (len(axis) == 1 and (space is None or axis[0].group is not None)):
        return axis
    result: list[Digit] = []
    for digit in axis:
        before = result[-1] if result else None
        known = digit.group is not None or space is not None
        if before is not None and known and neighbours(before, digit):
            result[-1] = Digit(before.size * digit.size, digit.group, digit.stride)
        else:
            result.append(digit)
    bounds = row_major(space or ())
    return tuple(part for digit in result for part in cut_at_birth(digit, bounds))


def cut_at_birth(digit: Digit, bounds: Sequence[int]) -> Axis:
    """Cut positions where one axis ended and the next began at their birth."""
    if digit.group is not None:
        return (digit,)
    result: Axis = ()
    for bound in bounds:
        if digit.stride < bound < digit.stride * digit.size and bound % digit.stride == 0:
            inner = bound // digit.stride
            if digit.size % inner == 0:
                runs, digit = digit.cut(inner)
                result = (*result, runs)
    return (*result, digit)


def cut_at(axis: Axis, inner: int) -> tuple[Axis, Axis] | None:
    """Cut an axis into runs of `inner` items; None where that cuts through a digit's items."""
    size = 1
    for place in range(len(axis) - 1, -1, -1):
        if size == inner:
            return axis[: place + 1], axis[place + 1 :]
        digit = axis[place]
        if size * digit.size > inner:
            if inner % size or digit.size % (inner // size):
                return None
            runs, items = digit.cut(inner // size)
            return (*axis[:place], runs), (items, *axis[place + 1 :])
        size *= digit.size
    return ((), axis) if size == inner else None


def cut_at_all(axis: Axis, ends: Iterable[int]) -> Axis | None:
    """Cut an axis such that each of `ends` is the size of its inner end; None if that fails."""
    rest, result = axis, axis[:0]
    inner = 1
    for end in sorted(ends):
        if end <= inner:
            continue
        found = cut_at(rest, end // inner) if end % inner == 0 else None
        if found is None:
            return None
        rest, piece = found
        result = (*piece, *result)
        inner = end
    return (*rest, *result)


def inner_ends(axis: Axis) -> set[int]:
    """List the sizes of all inner ends of an axis."""
    return {prod(digit.size for digit in axis[place:]) for place in range(len(axis) + 1)}


def row_major(sizes: Sequence[int]) -> tuple[int, ...]:
    """Give the strides of nested digits, the last one running fastest.

    >>> row_major([2, 3])
    (3, 1)
    """
    if len(sizes) < 2:
        return (1,) * len(sizes)
    return tuple(prod(sizes[place + 1 :]) for place in range(len(sizes)))
