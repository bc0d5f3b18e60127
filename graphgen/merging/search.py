"""The search for arrangements: one family after the other, the others as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.dtypes import wide
from graphgen.export.library import EXPORT, library
from graphgen.merging.arrangement import Arrangement, Frame
from graphgen.merging.procrustes import invertible, orthogonal, phases, scaled, unit
from graphgen.merging.views import View
from graphgen.merging.widths import Embedding
from graphgen.units.extents import Extent
from graphgen.units.families import Family

Array = NDArray[Any]
Floats = NDArray[Any]
Order = NDArray[np.int64]
Tensors = Callable[[str], Array]
Presences = tuple[Tensors, Tensors]

KEPT = 1 << 30
"""Networks of at most so many bytes are kept as they are arranged, and larger ones made anew."""
CLEAR = 1e-6


class Mover:
    """One network on its way into a frame: its weights, and how they are arranged so far.

    `weights` are read a tensor at a time, so that they may lie in a file that is mapped, or be made
    when they are asked for.
    """

    def __init__(
        self, frame: Frame, weights: Mapping[str, Array], embedding: Embedding | None = None
    ) -> None:
        self.frame, self.weights, self.embedding = frame, weights, embedding
        self.arrangement = Arrangement(frame, embedding)
        self._kept: dict[str, Array] | None = {} if 4 * frame.size <= KEPT else None

    def tensor(self, name: str) -> Array:
        """Give a tensor as it is arranged, in float32 or wider."""
        if self._kept is not None and name in self._kept:
            return self._kept[name]
        array = self.weights[name]
        found = self.arrangement.tensor(name, array.astype(wide(array.dtype), copy=False))
        found = np.ascontiguousarray(found)
        if self._kept is not None:
            self._kept[name] = found
        return found

    def presence(self, name: str, whole: frozenset[Extent]) -> Array:
        """Give 1 where a tensor has what its network has, and 0 where that has nothing."""
        if self.embedding is None:
            return np.ones(self.frame.shape(name), np.float32)
        ordered = Arrangement(self.frame)
        ordered.orders = self.arrangement.orders
        return ordered.tensor(name, self.embedding.presence(self.frame.axes(name), whole))

    def _touch(self, family: Family) -> None:
        for name in self.frame.names[family.name]:
            if self._kept is not None:
                self._kept.pop(name, None)

    def order(self, family: Family, order: Order) -> None:
        """Put a family in an order."""
        self.arrangement.order(family, order)
        self._touch(family)

    def mix(self, family: Family, matrices: Floats) -> None:
        """Mix a family."""
        self.arrangement.mix(family, matrices)
        self._touch(family)

    def back(self, arrangement: Arrangement) -> None:
        """Take an earlier arrangement again."""
        self.arrangement = arrangement
        if self._kept is not None:
            self._kept.clear()


class Search:
    """Raises the inner product of a network with a target, family by family.

    `maps` is whether units are mixed where they may be: None, "orthogonal", or "invertible". With
    `presences`, of the target and of the network, half the squared distance where both have
    something is lowered instead: of equal widths that is the same, and a unit of a narrower network
    goes to the one most like it, not to a larger one.
    """

    def __init__(
        self, mover: Mover, target: Tensors, maps: str | None, presences: Presences | None = None
    ) -> None:
        self.mover, self.target, self.maps, self.presences = mover, target, maps, presences
        self.frame = mover.frame
        self.solve = library("scipy.optimize", EXPORT).linear_sum_assignment
        self._counted = self.frame.counted

    def mixes(self, family: Family) -> bool:
        """Whether a family is mixed, and not put in order."""
        return self.maps is not None and family.name in self.frame.mixing

    def _inside(self, family: Family) -> list[Family]:
        """List the families in each unit of another that may change."""
        inside = self.frame.inside(family)
        return [own for own in inside if self.maps or own.name not in self.frame.turned]

    def views(self, family: Family) -> list[View]:
        """List the views of a family that count: those in trained tensors."""
        return [v for v in self.frame.views[family.name] if v.tensor in self._counted]

    def run(self, rng: np.random.Generator, sweeps: int) -> bool:
        """Improve one family after the other until none does; say whether any did."""
        ever = False
        for _ in range(sweeps):
            better = False
            for place in rng.permutation(len(self.frame.families)):
                better |= self.improve(self.frame.families[place])
            ever |= better
            if not better:
                break
        if self.maps == "invertible":
            self.invert()
        return ever

    def improve(self, family: Family) -> bool:
        """Choose the arrangement of a family anew, the others kept; say whether it is closer."""
        if self.mixes(family):
            return self._rotate(family)
        if family.name in self.frame.turned:
            return False
        gains = self.gains(family)
        order = self._assigned(gains)
        stays = np.arange(family.size)
        picked = np.take_along_axis(gains, order[..., None], axis=-1).sum()
        now = np.einsum("...ii", gains).sum()
        if (order == stays).all() or picked - now <= CLEAR * np.abs(gains).max():
            return False
        axes = [(view.tensor, view.axis) for view in self.views(family)]
        twice = len({tensor for tensor, _ in axes}) < len({*axes})
        twice |= any(inner.name in self.frame.turned for inner in self._inside(family))
        before, score = self.mover.arrangement.copy(), self.score(family) if twice else 0.0
        self.mover.order(family, order.reshape(*family.copies, family.size))
        for inner in self._inside(family):
            self.improve(inner)
        if twice and self.score(family) <= score:
            self.mover.back(before)
            return False
        return True

    def score(self, family: Family) -> float:
        """Give the inner product of the tensors that have a family's units."""
        names = self.frame.names[family.name]
        return sum(self._closeness(name) for name in names if name in self._counted)

    def _closeness(self, name: str) -> float:
        """Give the inner product of one tensor, less half the squares of what meets."""
        ours, theirs = self.target(name), self.mover.tensor(name)
        product = float(np.vdot(ours, theirs))
        if self.presences is not None:
            there, here = (own(name) for own in self.presences)
            product -= float(np.vdot(np.square(ours), here) + np.vdot(there, np.square(theirs))) / 2
        return product

    def _assigned(self, gains: Floats) -> Order:
        return np.stack([self.solve(own, maximize=True)[1] for own in gains])

    def gains(self, family: Family) -> Floats:
        """Say what each unit gains in each place: (copies, places, units).

        What families inside of a unit have counts as much as it does when they are at their best.
        """
        count = int(np.prod(family.copies, dtype=np.int64))
        total = np.zeros((count, family.size, family.size))
        covered: set[tuple[str, int, int]] = set()
        for inner in self._inside(family):
            covered |= {(v.tensor, v.axis, v.start) for v in self.views(inner)}
            total += self._within(family, inner)
        for view in self.views(family):
            if (view.tensor, view.axis, view.start) not in covered:
                ours, theirs = self._rows(view)
                total += ours @ np.swapaxes(theirs, -1, -2)
        return total

    def _rows(self, view: View) -> tuple[Floats, Floats]:
        """Give what the units of a view have, so that products of rows say how close they are."""
        ours, theirs = self._plain(view)
        if self.presences is None:
            return ours, theirs
        there, here = (view.rows(own(view.tensor)) for own in self.presences)
        return (
            np.concatenate([ours, np.square(ours) / -2, there / -2], axis=-1),
            np.concatenate([theirs, here, np.square(theirs)], axis=-1),
        )

    def _plain(self, view: View) -> tuple[Floats, Floats]:
        """Give what the units of a view have: the target's, and the network's."""
        return view.rows(self.target(view.tensor)), view.rows(self.mover.tensor(view.tensor))

    def _within(self, outer: Family, inner: Family) -> Floats:
        """Say what each pair of units gains by what is inside of it, put as well as it can be."""
        copies = int(np.prod(outer.copies, dtype=np.int64))
        first = list(inner.outer)
        axes = [first.index(atom) for atom in (*outer.outer, outer.atom)]
        sums: Floats | None = None
        found = self._plain if self.mixes(inner) else self._rows
        for view in self.views(inner):
            ours, theirs = (
                rows.reshape(*inner.copies, *rows.shape[1:])
                .transpose(*axes, len(axes), len(axes) + 1)
                .reshape(copies, outer.size, *rows.shape[1:])
                for rows in found(view)
            )
            products = np.einsum("cixf,cjyf->cijxy", ours, theirs, optimize=True)
            sums = products if sums is None else sums + products
        if sums is None:
            return np.zeros((copies, outer.size, outer.size))
        if inner.name in self.frame.turned:
            pairs = self.frame.turned[inner.name].pairs
            return np.asarray(np.abs(phases(sums, pairs)).sum(axis=-1))
        if self.mixes(inner):
            return np.asarray(np.linalg.svd(sums, compute_uv=False).sum(axis=-1))
        flat = sums.reshape(-1, inner.size, inner.size)
        best = [own[self.solve(own, maximize=True)].sum() for own in flat]
        return np.array(best).reshape(sums.shape[:3])

    def _rotate(self, family: Family) -> bool:
        """Rotate the units of a family to the target's."""
        count = int(np.prod(family.copies, dtype=np.int64))
        sums = np.zeros((count, family.size, family.size))
        mixing = self.frame.mixing[family.name]
        for view in mixing.views:
            if view.tensor in self._counted:
                ours, theirs = self._plain(view)
                sums += ours @ np.swapaxes(theirs, -1, -2)
        if mixing.turned is None:
            matrices = orthogonal(sums, mixing.centred)
        else:
            group = mixing.turned.group
            matrices = group.turning(unit(phases(sums, group.pairs())))
        gain = np.einsum("cij,cij->", matrices, sums) - np.einsum("cii->", sums)
        if gain <= CLEAR * np.abs(sums).max():
            return False
        self.mover.mix(family, matrices.reshape(*family.copies, family.size, family.size))
        return True

    def invert(self) -> None:
        """Let matrices that are rotations become invertible ones where that is closer."""
        for family in self.frame.families:
            if family.name not in self.frame.mixing:
                continue
            views, rotations, _, turned = self.frame.mixing[family.name]
            if rotations:
                continue
            sides: dict[int, list[tuple[Floats, Floats]]] = {1: [], -1: []}
            for view in views:
                if view.tensor in self._counted:
                    sides[view.sign].append(self._plain(view))
            if not sides[1] or not sides[-1]:
                continue
            y, x = (np.concatenate([p[k] for p in sides[1]], axis=-1) for k in (0, 1))
            v, u = (np.concatenate([p[k] for p in sides[-1]], axis=-1) for k in (0, 1))
            if turned is None:
                first = np.eye(family.size)
                found = [invertible((y[c], v[c]), (x[c], u[c]), first) for c in range(len(y))]
                matrices = np.stack(found)
            else:
                matrices = turned.group.turning(scaled((y, v), (x, u), turned.pairs))
            self.mover.mix(family, matrices.reshape(*family.copies, family.size, family.size))

    def total(self) -> float:
        """Give the inner product of all that counts."""
        return sum(self._closeness(name) for name in self._counted)

    def begin(self) -> None:
        """Put each family in order by what is known of its units however others are put."""
        loose_yet = {family.atom for family in self.frame.families}
        for family in self.frame.families:
            if self.mixes(family) or family.name in self.frame.turned:
                continue
            count = int(np.prod(family.copies, dtype=np.int64))
            alike, loose = (np.zeros((count, family.size, family.size)) for _ in range(2))
            known = False
            for view in self.views(family):
                if not view.others & loose_yet - {*family.outer}:
                    known = True
                    ours, theirs = self._rows(view)
                    alike += ours @ np.swapaxes(theirs, -1, -2)
                else:
                    ours, theirs = (np.sort(rows, axis=-1) for rows in self._plain(view))
                    loose += ours @ np.swapaxes(theirs, -1, -2)
            order = self._assigned(alike if known else loose)
            self.mover.order(family, order.reshape(*family.copies, family.size))
            loose_yet.discard(family.atom)
