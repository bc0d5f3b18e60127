"""How tensors lie in the model's own arrays: whole or in part, with their axes in another order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec.primitives import Shape
from spec.rearrangement import rearrangement

Array = NDArray[Any]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
MOST_COMPARED = 50_000_000
"""The most numbers of a copy that are compared with those that it may be of."""


@dataclass(frozen=True)
class Relation:
    """A stored array, and the tensors of the architecture that lie in it, along `dim` if several.

    `axes` leads from the stored axes to the architecture's, "" where they are the same; `also` are
    other names of the stored array.
    """

    stored: str
    tensors: tuple[str, ...]
    shape: Shape
    axes: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    dim: int = 0
    also: tuple[str, ...] = ()

    @property
    def moved(self) -> bool:
        """Whether axes change places."""
        return bool(self.axes) and rearrangement(self.axes, self.shape, self.sizes).crosses


class Storage:
    """The arrays of a model by where they lie."""

    def __init__(self, stored: Mapping[str, Array]) -> None:
        self.stored = {name: array for name, array in stored.items() if array.size}
        first: dict[tuple[object, ...], str] = {}
        self.also: dict[str, list[str]] = {}
        for name, array in self.stored.items():
            owner = first.setdefault(_place(array), name)
            self.also.setdefault(owner, [])
            if owner != name:
                self.also[owner].append(name)
        rows = [(_start(self.stored[name]), name) for name in self.also]
        self.rows = sorted(row for row in rows if self.stored[row[1]].flags.c_contiguous)
        self.starts = [start for start, _ in self.rows]

    def home(self, array: Array, name: str) -> str | None:
        """Give the name of the stored array in which another lies."""
        for owner in (name, *(o for o, others in self.also.items() if name in others)):
            if owner in self.also and _place(self.stored[owner]) == _place(array):
                return owner
        place = bisect_right(self.starts, _start(array)) - 1
        if place >= 0:
            owner = self.rows[place][1]
            whole = self.stored[owner]
            if _end(array) <= _start(whole) + whole.nbytes and whole.dtype == array.dtype:
                return owner
        return None


def relations(
    weights: Mapping[str, Array], names: Mapping[str, str], stored: Mapping[str, Array]
) -> tuple[list[Relation], list[str]]:
    """Say how each tensor is stored, and of which ones that cannot be said.

    `names` are those that the model has for them.
    """
    storage = Storage(stored)
    homes: dict[str, list[str]] = {}
    unsaid, found = [], []
    for name, array in weights.items():
        home = storage.home(array, names.get(name, ""))
        if home is not None:
            homes.setdefault(home, []).append(name)
            continue
        copied = copied_from(array, stored.get(names.get(name, "")))
        if copied is None:
            unsaid.append(name)
        else:
            found.append(Relation(names[name], (name,), array.shape, copied))
    for home, tensors in homes.items():
        relation = within(home, storage.stored[home], {n: weights[n] for n in tensors})
        if relation is None:
            unsaid += tensors
        else:
            also = tuple(storage.also[home])
            found.append(Relation(**{**vars(relation), "also": also}))
    return found, unsaid


def within(name: str, whole: Array, parts: Mapping[str, Array]) -> Relation | None:
    """Say how tensors lie in one stored array, if they fill it."""
    if len(parts) == 1:
        ((own, array),) = parts.items()
        if _place(array) == _place(whole):
            return Relation(name, (own,), array.shape)
        said = axes_of(whole, array.shape, array.strides, _start(array))
        return said and Relation(name, (own,), array.shape, *said)
    rows = sorted(parts.items(), key=lambda row: _start(row[1]))
    (_, head), *others = rows
    for dim in range(head.ndim):
        at, length = _start(head), 0
        for _, array in rows:
            alike = array.ndim == head.ndim and array.strides == head.strides
            if not alike or _start(array) != at + length * head.strides[dim]:
                break
            if _without(array.shape, dim) != _without(head.shape, dim):
                break
            length += array.shape[dim]
        else:
            shape = (*head.shape[:dim], length, *head.shape[dim + 1 :])
            said = axes_of(whole, shape, head.strides, at)
            if said is not None and others:
                return Relation(name, tuple(n for n, _ in rows), shape, *said, dim)
    return None


def axes_of(
    whole: Array, shape: Shape, strides: Sequence[int], start: int
) -> tuple[str, dict[str, int]] | None:
    """Say which axes of a stored array a view of all of it has; "" for the same ones.

    >>> x = np.zeros((2, 3))
    >>> axes_of(x, (3, 2), x.T.strides, x.__array_interface__["data"][0])
    ('i o -> o i', {})
    """
    if start != _start(whole) or prod(shape) != whole.size or not whole.flags.c_contiguous:
        return None
    item = whole.dtype.itemsize
    own = [(size, stride // item) for size, stride in zip(shape, strides, strict=True)]
    own = [(size, stride if size > 1 else 0) for size, stride in own]
    if any(stride <= 0 and size > 1 for size, stride in own):
        return None
    theirs = [
        (size, stride // item) for size, stride in zip(whole.shape, _packed(whole), strict=True)
    ]
    ends = {1, whole.size}
    for size, stride in (*own, *theirs):
        if size > 1:
            ends |= {stride, stride * size}
    cuts = sorted(ends, reverse=True)
    if any(a % b for a, b in pairwise(cuts)) or len(cuts) > len(LETTERS):
        return None
    atoms = [*pairwise(cuts)]
    left = [_group(atoms, size, stride) for size, stride in theirs]
    right = [_group(atoms, size, stride) for size, stride in own]
    if sorted(atom for group in right for atom in group) != sorted(atoms):
        return None
    if whole.shape == shape and left == right:
        return "", {}
    return _said(atoms, left, right)


def copied_from(array: Array, whole: Array | None) -> str | None:
    """Say how a copy was stored, by its numbers: as it is (""), or transposed."""
    if whole is None or whole.size != array.size or whole.size > MOST_COMPARED:
        return None
    if whole.shape == array.shape and np.array_equal(whole, array, equal_nan=False):
        return ""
    if whole.ndim == array.ndim == 2 and whole.T.shape == array.shape:
        return "i o -> o i" if np.array_equal(whole.T, array) else None
    return None


Atom = tuple[int, int]


def _said(
    atoms: list[Atom], left: list[list[Atom]], right: list[list[Atom]]
) -> tuple[str, dict[str, int]]:
    matrix = len(atoms) == 2 and len(left) == len(right) == 2 and all(map(len, left))
    letters = dict(zip(atoms, "io" if matrix else LETTERS, strict=False))

    def text(groups: list[list[Atom]]) -> str:
        names = [[letters[atom] for atom in group] for group in groups]
        return " ".join(
            "1" if not group else group[0] if len(group) == 1 else f"({' '.join(group)})"
            for group in names
        )

    sizes = {letters[a]: a[0] // a[1] for group in right if len(group) > 1 for a in group[1:]}
    return f"{text(left)} -> {text(right)}", sizes


def _group(atoms: list[Atom], size: int, stride: int) -> list[Atom]:
    """Give the atoms that lie in an axis."""
    if size == 1:
        return []
    return [(a, b) for a, b in atoms if b >= stride and a <= stride * size]


def _packed(whole: Array) -> tuple[int, ...]:
    return tuple(prod(whole.shape[axis + 1 :]) * whole.dtype.itemsize for axis in range(whole.ndim))


def _without(shape: Shape, dim: int) -> Shape:
    return (*shape[:dim], *shape[dim + 1 :])


def _start(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _end(array: Array) -> int:
    steps = ((n - 1) * s for n, s in zip(array.shape, array.strides, strict=True) if s > 0)
    return int(_start(array) + sum(steps) + array.dtype.itemsize)


def _place(array: Array) -> tuple[object, ...]:
    strides = tuple(s for n, s in zip(array.shape, array.strides, strict=True) if n > 1)
    return _start(array), array.shape, strides, str(array.dtype)
