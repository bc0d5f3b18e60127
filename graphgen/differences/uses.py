"""Where the scalars of tensors lie between nodes, axis by axis, and which are another's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.differences.incidence import Ints, kind_of
from graphgen.differences.isomorphism import Isomorphism
from graphgen.differences.neurons import Neurons, distinct
from graphgen.differences.rearranged import digits_of, run_together
from graphgen.symmetry.ends import told_apart
from graphgen.template import EdgeBlock


@dataclass(frozen=True)
class Use:
    """A block of edges that carry a tensor's scalars.

    The scalar of an edge is in the tensor, in C order, at `into[b, t] + out_of[b, s] + beside[p]`:
    b runs over the axes along which both ends move, t and s over those of one end, p over the rest.
    `targets` (b, t) and `sources` (b, s) are nodes; a parameter's own node is no source (None).
    `steps` (b, t) says how many steps of its target an edge comes behind.
    """

    tensor: str
    key: tuple[Any, ...]
    targets: Ints
    sources: Ints | None
    steps: Ints
    into: Ints
    out_of: Ints
    beside: Ints

    @property
    def is_plain(self) -> bool:
        """Whether each node comes once: only then a place is known by its nodes."""
        sides = [self.targets] + ([] if self.sources is None else [self.sources])
        return all(distinct(side) == side.size for side in sides)


def uses_of(side: Neurons) -> list[Use]:
    """List the uses of tensors in a structure."""
    return [
        use_of(side, incidence.block, incidence.loose)
        for incidence in side.blocks
        if incidence.block.tensor is not None
    ]


def use_of(side: Neurons, block: EdgeBlock, loose: bool) -> Use:
    """Read one block."""
    shape = block.shape
    steps = block.tensor_strides
    if steps is None:
        steps = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
    out = [bool(step) and not loose for step in block.source_strides]
    into = [bool(step) for step in block.target_strides]
    both, t, s, p = (
        [axis for axis in range(len(shape)) if (out[axis], into[axis]) == which]
        for which in ((True, True), (False, True), (True, False), (False, False))
    )

    def along(axes: list[int], start: int, strides: tuple[int, ...]) -> Ints:
        result: NDArray[np.int64] = np.full((), start, dtype=np.int64)
        for axis in axes:
            result = result[..., None] + np.arange(shape[axis]) * strides[axis]
        return result

    def table(axes: list[int], start: int, strides: tuple[int, ...]) -> Ints:
        rows = prod(shape[axis] for axis in both)
        return along(both + axes, start, strides).reshape(rows, -1)

    targets = table(t, block.target_start, block.target_strides)
    sources = None if loose else table(s, block.source_start, block.source_strides)
    told = tuple(shape[axis] for axis in told_apart(block) if axis in p and shape[axis] > 1)
    kind, attributes = kind_of(block)
    key = (kind, told, attributes if side.exact else ())
    return Use(
        str(block.tensor),
        key,
        side.alone[targets],
        None if sources is None else side.alone[sources],
        side.shift[targets] + block.step,
        table(t, block.tensor_start, steps),
        table(s, 0, steps) - along(both, 0, steps).reshape(-1, 1),
        along(p, 0, steps).reshape(-1),
    )


@dataclass(frozen=True)
class Piece:
    """Scalars of a tensor of the first network, and those of the second's that they are.

    Each of `into`, `out_of` and `beside` has two rows of offsets, the first's and the second's; a
    scalar is at the sum of one of each, so that no scalar is listed.
    """

    first: str
    second: str
    into: Ints
    out_of: Ints
    beside: Ints

    @property
    def size(self) -> int:
        """The number of scalars."""
        return int(self.into.shape[1] * self.out_of.shape[1] * self.beside.shape[1])

    def places(self) -> Ints:
        """List the places of all scalars in either tensor: shape (2, size)."""
        grid = self.into[:, :, None, None] + self.out_of[:, None, :, None]
        return (grid + self.beside[:, None, None, :]).reshape(2, -1)


class Counterparts:
    """Which scalars of two structures are the same, by an isomorphism of their nodes."""

    def __init__(self, found: Isomorphism) -> None:
        self.found = found
        self.ours, self.theirs = uses_of(found.first), uses_of(found.second)
        self.torn: list[tuple[str, ...]] = []
        self.by_group: dict[int, list[Use]] = {}
        for use in self.ours:
            for group in np.unique(found.first.group[use.targets]).tolist():
                self.by_group.setdefault(group, []).append(use)

    def pieces(self) -> list[Piece]:
        """List pieces such that each scalar of either network's tensors is in one, if it can be.

        Uses of one tensor that are not uses of one tensor in the first network, too, are `torn`.
        """
        ours = {t.name: prod(t.shape) for t in self.found.first.template.tensors}
        by_tensor: dict[str, list[Piece]] = {}
        several: dict[str, list[list[Piece]]] = {}
        for use in self.theirs:
            found = self.of_use(use)
            several.setdefault(use.tensor, []).append(found)
            if scalars(found) > scalars(by_tensor.get(use.tensor, ())):
                by_tensor[use.tensor] = found
        for name, every in several.items():
            if any(own and places_of(own) != places_of(by_tensor[name]) for own in every):
                firsts = (piece.first for own in every for piece in own)
                self.torn.append((name, *dict.fromkeys(firsts)))
        result = [piece for own in by_tensor.values() for piece in own]
        filled: dict[str, int] = {}
        for piece in result:
            filled[piece.first] = filled.get(piece.first, 0) + piece.size
        lacking = {use.tensor for use in self.ours if filled.get(use.tensor, 0) < ours[use.tensor]}
        for use in self.theirs if lacking else ():
            found = [piece for piece in self.of_use(use) if piece.first in lacking]
            lacking -= {piece.first for piece in found}
            result += found
        return result

    def of_use(self, use: Use) -> list[Piece]:
        """Find what one use of a tensor of the second network is in the first."""
        nodes = self.found.nodes
        targets = nodes[use.targets]
        sources = None if use.sources is None else nodes[use.sources]
        groups = np.unique(self.found.first.group[targets]).tolist()
        result: list[Piece] = []
        seen: set[int] = set()
        for own in (own for group in groups for own in self.by_group.get(group, ())):
            if id(own) in seen or own.key != use.key or (own.sources is None) != (sources is None):
                continue
            seen.add(id(own))
            if own.is_plain and use.is_plain:
                result += common(own, use, targets, sources)
        return without_repeats(result)


def places_of(pieces: Iterable[Piece]) -> set[Any]:
    """Say which scalars pieces pair, no matter from which end of an edge they are counted."""
    result: set[Any] = set()
    for piece in pieces:
        roles = [role[:, np.argsort(role[0], kind="stable")]
                 for role in (piece.into, piece.out_of, piece.beside)]  # fmt: skip
        start = tuple(np.asarray(sum(role[:, 0] for role in roles)).tolist())
        digits = [digits_of(role) for role in roles]
        told: Any = tuple(sorted(role.tobytes() for role in roles))
        if None not in digits:
            told = tuple(run_together([digit for part in digits for digit in part or ()]))
        result.add((piece.first, piece.second, start, told))
    return result


def scalars(pieces: Iterable[Piece]) -> int:
    """Count the scalars of pieces."""
    return sum(piece.size for piece in pieces)


def common(own: Use, use: Use, targets: Ints, sources: Ints | None) -> list[Piece]:
    """Give the scalars of two uses that lie between the same nodes."""
    if len(own.beside) != len(use.beside):
        return []
    rows, columns = placed(own.targets, targets)
    inside = (rows >= 0) & (own.steps[rows, columns] == use.steps)
    beside = np.stack([own.beside, use.beside])
    result: dict[tuple[bytes, bytes], list[tuple[Ints, Ints]]] = {}
    tables = {}
    for b in range(len(targets)):
        kept = np.flatnonzero(inside[b])
        for row in np.unique(rows[b, kept]).tolist():
            mine = kept[rows[b, kept] == row]
            into = np.stack([own.into[row, columns[b, mine]], use.into[b, mine]])
            if sources is None or own.sources is None:
                far = np.stack([own.out_of[row], use.out_of[b]])
                if far.shape[1] != 1:
                    continue
            else:
                _, at = placed(own.sources[row : row + 1], sources[b : b + 1])
                there = np.flatnonzero(at[0] >= 0)
                far = np.stack([own.out_of[row, at[0, there]], use.out_of[b, there]])
            if far.shape[1]:
                key = (far[0].tobytes(), far[1].tobytes())
                result.setdefault(key, []).append((into, into))
                tables[key] = far
    return [
        Piece(
            own.tensor,
            use.tensor,
            np.concatenate([into for into, _ in parts], axis=1),
            tables[key],
            beside,
        )
        for key, parts in result.items()
    ]


def placed(table: Ints, nodes: Ints) -> tuple[Ints, Ints]:
    """Say in which row and column of a table nodes are; -1 of those that are not there."""
    flat = table.reshape(-1)
    order = np.argsort(flat, kind="stable")
    at = np.searchsorted(flat[order], nodes)
    at = np.minimum(at, len(flat) - 1)
    where = order[at]
    there = flat[where] == nodes
    return (
        np.where(there, where // table.shape[1], -1),
        np.where(there, where % table.shape[1], -1),
    )


def without_repeats(pieces: list[Piece]) -> list[Piece]:
    """Leave out pieces of a tensor that another use of it gave already."""
    seen: dict[tuple[str, bytes], Piece] = {}
    for piece in pieces:
        seen.setdefault((piece.second, np.sort(piece.into[1]).tobytes()), piece)
    return list(seen.values())
