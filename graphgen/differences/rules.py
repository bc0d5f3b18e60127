"""Pieces of tensors as the rules of a `checkpoint` map: how each tensor is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from graphgen.differences.incidence import Ints
from graphgen.differences.rearranged import Axes, Shape, axes_of, digits_of
from graphgen.differences.uses import Piece

SAME = Axes("", {})
Roles = tuple[Ints, Ints, Ints]


@dataclass(frozen=True)
class Rule:
    """Tensors of the architecture (`own`), and those that a file has for them.

    One of the sides has one name, or both. `also` are other stored names of the same scalars.
    """

    own: tuple[str, ...]
    stored: tuple[str, ...]
    axes: Axes = SAME
    dim: int = 0
    lengths: tuple[int, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it says another name and no more."""
        return not (len(self.own) > 1 or len(self.stored) > 1 or self.axes.text or self.also)

    def fields(self) -> dict[str, Any]:
        """Give what the language says beside the names."""
        found: dict[str, Any] = {}
        if self.axes.text:
            found["axes"] = self.axes.text
        if self.axes.sizes:
            found["sizes"] = dict(self.axes.sizes)
        if self.dim and (len(self.own) > 1 or len(self.stored) > 1):
            found["dim"] = self.dim
        if len(set(self.lengths)) > 1:
            found["lengths"] = list(self.lengths)
        if self.also:
            found["also"] = list(self.also)
        return found

    def __str__(self) -> str:
        notes = [f"axes {self.axes.text}"] if self.axes.text else []
        notes += [f"dim {self.dim}"] if self.dim else []
        notes += [f"also {', '.join(self.also)}"] if self.also else []
        told = f" ({'; '.join(notes)})" if notes else ""
        return f"{' + '.join(self.own)} = {' + '.join(self.stored)}{told}"


def rules_of(
    pieces: Sequence[Piece], own: Mapping[str, Shape], stored: Mapping[str, Shape]
) -> tuple[list[Rule], list[str]]:
    """Write pieces as rules; give also the tensors of the architecture of which none can say it."""
    left = list(pieces)
    rules: list[Rule] = []
    unsaid: list[str] = []
    for group in together(left):
        firsts = list(dict.fromkeys(piece.first for piece in group))
        seconds = list(dict.fromkeys(piece.second for piece in group))
        rule = None
        if len(firsts) == 1 and all(piece.size == prod(own[firsts[0]]) for piece in group):
            rule = whole(group, own[firsts[0]], stored)
        elif len(firsts) == 1:
            rule = split(group, own[firsts[0]], stored)
        elif len(seconds) == 1:
            rule = packed(group, own, stored[seconds[0]])
        if rule is None:
            unsaid += firsts
        else:
            rules.append(rule)
    return rules, unsaid


def together(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Sort pieces by the tensors that hang together by them."""
    parent: dict[tuple[int, str], tuple[int, str]] = {}

    def top(name: tuple[int, str]) -> tuple[int, str]:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for piece in pieces:
        parent[top((1, piece.second))] = top((0, piece.first))
    groups: dict[tuple[int, str], list[Piece]] = {}
    for piece in pieces:
        groups.setdefault(top((0, piece.first)), []).append(piece)
    return list(groups.values())


def roles_of(piece: Piece) -> Roles:
    """Give the offsets of a piece, end by end."""
    return piece.into, piece.out_of, piece.beside


def based(roles: Roles) -> tuple[list[Ints], Ints]:
    """Count offsets from the least of each row; give these, too: where the piece begins."""
    rows = [role[:, np.argsort(role[0], kind="stable")] for role in roles]
    starts = [role.min(axis=1, keepdims=True) for role in rows]
    moved = [role - start for role, start in zip(rows, starts, strict=True)]
    return moved, (starts[0] + starts[1] + starts[2])[:, 0]


def digits_in(roles: Sequence[Ints]) -> list[Any] | None:
    """Read offsets as digits; None if some are none."""
    found = [digits_of(role) for role in roles]
    return None if None in found else [digit for part in found for digit in part or []]


def whole(group: list[Piece], own: Shape, stored: Mapping[str, Shape]) -> Rule | None:
    """One tensor, and one stored or several that are the same."""
    found: list[Axes] = []
    for piece in group:
        roles, start = based(roles_of(piece))
        digits = digits_in(roles)
        shape = stored[piece.second]
        axes = None
        if digits is not None and piece.size == prod(shape) and not start.any():
            axes = axes_of(digits, own, shape)
        if axes is None or (found and axes != found[0]):
            return None
        found.append(axes)
    first, *others = (piece.second for piece in group)
    return Rule((group[0].first,), (first,), found[0], also=tuple(others))


def moved(offsets: Ints, old: Shape, new: Shape) -> Ints:
    """Give the offsets in an array of another shape of the same coordinates."""
    where = np.unravel_index(offsets, old)
    steps = [prod(new[axis + 1 :]) for axis in range(len(new))]
    result: Ints = sum(at * step for at, step in zip(where, steps, strict=True))  # type: ignore[assignment]
    return result


def split(group: list[Piece], own: Shape, stored: Mapping[str, Shape]) -> Rule | None:
    """One tensor that is stored in several, one behind the other along an axis."""
    for dim in range(len(own)):
        rows = []
        step = prod(own[dim + 1 :])
        for piece in group:
            roles, start = based(roles_of(piece))
            length = piece.size * own[dim] // prod(own)
            shape = (*own[:dim], length, *own[dim + 1 :])
            ends = sum(np.stack(np.unravel_index(r[0], own)).max(axis=1) for r in roles)
            if prod(shape) != piece.size or start[0] % step or start[1] or tuple(ends + 1) != shape:
                break
            inner = [np.stack([moved(r[0], own, shape), r[1]]) for r in roles]
            digits = digits_in(inner)
            axes = None if digits is None else axes_of(digits, shape, stored[piece.second])
            if axes is None or piece.size != prod(stored[piece.second]):
                break
            rows.append((int(start[0]) // step, length, piece.second, axes))
        else:
            rows.sort(key=lambda row: row[0])
            places, lengths, names, axes_found = zip(*rows, strict=True)
            expected = tuple(int(x) for x in np.cumsum([0, *lengths])[:-1])
            if places == expected and all(axes == axes_found[0] for axes in axes_found):
                return Rule((group[0].first,), names, axes_found[0], dim, lengths)
    return None


def packed(group: list[Piece], own: Mapping[str, Shape], stored: Shape) -> Rule | None:
    """Several tensors that are stored in one, one behind the other after a change of axes."""
    parts = sorted(group, key=lambda piece: int(based(roles_of(piece))[1][1]))
    shapes = [own[piece.first] for piece in parts]
    if any(piece.size != prod(shape) for piece, shape in zip(parts, shapes, strict=True)):
        return None
    if sum(piece.size for piece in parts) != prod(stored):
        return None
    for dim in range(len(shapes[0])):
        if len({(*shape[:dim], *shape[dim + 1 :]) for shape in shapes}) > 1:
            continue
        total = sum(shape[dim] for shape in shapes)
        target = (*shapes[0][:dim], total, *shapes[0][dim + 1 :])
        step, at, rows = prod(target[dim + 1 :]), 0, []
        for piece, shape in zip(parts, shapes, strict=True):
            roles, start = based(roles_of(piece))
            inner = [np.stack([moved(r[0], shape, target), r[1]]) for r in roles]
            rows.append((inner, np.array([at * step, start[1]])))
            at += shape[dim]
        joined = _joined(rows)
        digits = None if joined is None else digits_in(joined)
        axes = None if digits is None else axes_of(digits, target, stored)
        if axes is not None:
            return Rule(tuple(piece.first for piece in parts), (_one(parts),), axes, dim)
    return None


def _one(parts: list[Piece]) -> str:
    return parts[0].second


def _joined(rows: list[tuple[list[Ints], Ints]]) -> list[Ints] | None:
    """Put pieces together that differ in one role alone."""
    for role in range(3):
        others = [number for number in range(3) if number != role]
        if all(
            np.array_equal(inner[number], rows[0][0][number])
            for inner, _ in rows
            for number in others
        ):
            joined = np.concatenate([inner[role] + start[:, None] for inner, start in rows], axis=1)
            return [joined if n == role else rows[0][0][n] for n in range(3)]
    return None
