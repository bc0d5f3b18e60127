"""Weight matching by linear assignments, over the runs of a group of symmetries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphgen.export.library import EXPORT, library
from graphgen.matching.assignment import Bools, combined, parity
from graphgen.matching.faces import Face
from graphgen.matching.factors import Floats, Numbers
from graphgen.matching.plans import Plan, Plans, Way, walk

MOST_ASSIGNMENTS = 1 << 32
MOST_PASSES = 8
CLOSER = 1e-3


class Search:
    """One network on its way towards another: `nodes` and `values` are the symmetry so far.

    `moved` are the weights as it has put them, `target` those that they are to come close to.
    `settled` says that nothing that was tried brings them closer.
    """

    def __init__(
        self, plans: Plans, target: Floats, moved: Floats, nodes: Numbers, values: Floats | None
    ) -> None:
        self.plans, self.target, self.moved = plans, target, moved
        self.nodes, self.values = nodes.copy(), None if values is None else values.copy()
        self.settled = False
        self._solve = library("scipy.optimize", EXPORT).linear_sum_assignment
        # A run is tried again only after a tensor that it moves has changed.
        self._clock = 0
        self._changed = np.zeros(len(plans.number), dtype=np.int64)
        self._tried = {plan: np.full(plan.copies, -1, dtype=np.int64) for plan in plans.all}
        self._least = 1e-12 * float(np.linalg.norm(target) * np.linalg.norm(moved))

    def distance(self) -> float:
        """Say how far the weights are from the target."""
        return float(np.linalg.norm(self.target - self.moved))

    def begin(self) -> None:
        """Put each run in order by what is known of its items however others are put."""
        settled = ~self.plans.moving
        for plan in self.plans.all:
            for copy in range(plan.copies):
                gains = self._gains(plan, plan.faces, copy, settled)
                self._put(plan, copy, *self._best(plan, gains))
            if not plan.inside:
                settled[plan.run.nodes.reshape(-1)] = True

    def sweep(self, rng: np.random.Generator, sweeps: int, rescale: bool = False) -> None:
        """Improve one run after the other, and at last scales, until nothing improves."""
        for _ in range(sweeps if rescale or not self.settled else 0):
            better = False
            for place in rng.permutation(len(self.plans.outer)):
                better |= self._visit(self.plans.outer[place])
            better |= self._choose_ways() | self._flip_loose()
            if not better and not (rescale and self._rescale()):
                self.settled = True
                break

    def _visit(self, plan: Plan) -> bool:
        better = False
        for copy in range(plan.copies):
            if self._changed[plan.tensors].max(initial=0) > self._tried[plan][copy]:
                self._tried[plan][copy] = self._clock
                better |= self._improve(plan, copy)
        for inner in plan.inside:
            better |= self._visit(inner)
        return better

    def _improve(self, plan: Plan, copy: int) -> bool:
        """Assign the items of a run anew, and what is inside; keep it if that is closer."""
        gains = self._gains(plan, plan.direct, copy)
        if plan.inside:
            gains = {0: gains.get(0, np.zeros((plan.items,) * 2)) + self._inside(plan, copy)}
        order, signs = self._best(plan, gains)
        if (order == np.arange(plan.items)).all() and not signs.any():
            return False
        places = [face.places(copy) for face in plan.faces]
        if any(own.crossed for own in walk([plan])):
            places = [np.arange(len(self.moved))]
        before = [self.moved[own] for own in places]
        nodes, values = self.nodes.copy(), None if self.values is None else self.values.copy()
        gain = self._put(plan, copy, order, signs)
        for inner in plan.inside:
            count = plan.items * inner.per_item(plan)
            for own in range(copy * count, (copy + 1) * count):
                best = self._best(inner, self._gains(inner, inner.faces, own))
                gain += self._put(inner, own, *best)
        if gain <= self._least:
            for at, kept in zip(places, before, strict=True):
                self.moved[at] = kept
            self.nodes, self.values = nodes, values
            return False
        self._touch(slice(None) if plan.crossed else plan.tensors)
        return True

    def _gains(
        self, plan: Plan, faces: Sequence[Face], copy: int, settled: Bools | None = None
    ) -> dict[int, Floats]:
        """Multiply each item's weights by those of each other, kind of sign by kind.

        With `settled` nodes, the weights at others are compared in order of their size.
        """
        gains: dict[int, Floats] = {}
        for number, face in enumerate(faces):
            places = face.places(copy)
            ours, theirs = self.target[places], self.moved[places]
            kinds = plan.kind_of[number] if plan.slots else None
            if settled is not None and not settled[face.others].all():
                ours, theirs = (self._sorted(side, bool(plan.inside)) for side in (ours, theirs))
                kinds = None
            flat = ours.reshape(len(ours), -1), theirs.reshape(len(theirs), -1)
            add_products(gains, *flat, kinds)
        return gains

    def _sorted(self, items: Floats, whole: bool) -> Floats:
        """Sort the weights of items, those beside each other apart; what is inside as one."""
        if self.plans.roots is not None:
            items = np.abs(items)
        if whole:
            items = items.reshape(len(items), 1, -1, items.shape[-1])
        result: Floats = np.sort(items, axis=2)
        return result

    def _inside(self, plan: Plan, copy: int) -> Floats:
        """Say how much each pair of items gives by the best assignments inside of it."""
        items = range(plan.items)
        result = np.zeros((plan.items, plan.items))
        for inner in plan.inside:
            for turn in range(inner.per_item(plan)):
                own = [(copy * plan.items + i) * inner.per_item(plan) + turn for i in items]
                ours, theirs = self._weights(inner, own)
                kinds = np.concatenate(inner.kind_of) if inner.slots else None
                for i in items:
                    for j in items:
                        gains: dict[int, Floats] = {}
                        add_products(gains, ours[i], theirs[j], kinds)
                        total, _ = combined(gains, inner.kinds, len(inner.slots))
                        if plan.items**2 * inner.items**3 > MOST_ASSIGNMENTS:
                            result[i, j] += total.max(axis=1).sum()
                        else:
                            order = self._solve(total, maximize=True)[1]
                            result[i, j] += total[np.arange(len(order)), order].sum()
        return result

    def _weights(self, plan: Plan, copies: list[int]) -> tuple[Floats, Floats]:
        """Give the weights of some copies, target's and moved: (copies, items, weights)."""
        places = [np.zeros((len(copies), plan.items, 0), dtype=np.int64)]
        for face in plan.faces:
            listed = np.stack([face.places(copy) for copy in copies])
            places.append(listed.reshape(len(copies), plan.items, -1))
        joined = np.concatenate(places, axis=2)
        return self.target[joined], self.moved[joined]

    def _best(self, plan: Plan, gains: dict[int, Floats]) -> tuple[Numbers, Bools]:
        """Give each item the one that gains most together, and the signs of that."""
        if not gains:
            return np.arange(plan.items), np.zeros((plan.items, len(plan.slots)), dtype=np.bool_)
        total, signs = combined(gains, plan.kinds, len(plan.slots))
        order = self._solve(total, maximize=True)[1]
        return order, signs[:, np.arange(len(order)), order].T

    def _put(self, plan: Plan, copy: int, order: Numbers, signs: Bools) -> float:
        """Move the items of a run; give how much the inner product gains."""
        gain = 0.0
        if plan.crossed:
            orders = np.tile(np.arange(plan.items), (plan.copies, 1))
            orders[copy] = order
            gain += self._lay(self.plans.taken({plan.run: orders}))
            order = np.arange(plan.items)
        for number, face in enumerate(plan.faces):
            places = face.places(copy)
            before = self.moved[places]
            after = before[order]
            if signs.any():
                factors = parity(signs, plan.kinds)[:, plan.kind_of[number]]
                after = after * factors.reshape(after.shape)
            self.moved[places] = after
            gain += float(np.vdot(self.target[places], after - before))
        nodes = plan.run.nodes[copy]
        self.nodes[nodes] = self.nodes[nodes[order]]
        if self.values is not None and self.plans.stages is not None:
            table = self.plans.stages
            self.values[table[:, nodes]] = self.values[table[:, nodes[order]]]
        if signs.any() and self.plans.roots is not None:
            for slot, (number, row, place) in enumerate(plan.slots):
                at = plan.faces[number].places(copy).reshape(plan.items, -1)[signs[:, slot], place]
                self._negate(self.plans.roots[row, at])
        return gain

    def _negate(self, roots: Numbers) -> None:
        """Change the signs of all factors that are powers of some."""
        if self.values is None or self.plans.members is None:
            return
        order, first = self.plans.members
        for root in roots.tolist():
            self.values[order[first[root] : first[root + 1]]] *= -1

    def _choose_ways(self) -> bool:
        """Lay nodes in another way where that is closer."""
        better = False
        for way in self.plans.ways:
            change = self.moved[way.sources] - self.moved[way.places]
            if float(np.vdot(self.target[way.places], change)) > self._least:
                self._lay(way)
                self._touch()
                better = True
        return better

    def _lay(self, way: Way) -> float:
        """Move nodes and weights; give how much the inner product gains."""
        change = self.moved[way.sources] - self.moved[way.places]
        self.moved[way.places] += change
        self.nodes = self.nodes[way.nodes]
        if self.values is not None and self.plans.stages is not None:
            table, before = self.plans.stages, self.values.copy()
            self.values[table] = before[table[:, way.nodes]]
        return float(np.vdot(self.target[way.places], change))

    def _flip_loose(self) -> bool:
        """Change signs that belong to no item where that is closer."""
        loose, roots = self.plans.loose, self.plans.roots
        if roots is None or not loose.any():
            return False
        odd = (roots >= 0) & np.append(loose, False)[roots]
        odd[:, roots[0] == roots[1]] = False
        places = np.flatnonzero(odd.any(axis=0))
        own = np.where(odd[:, places], roots[:, places], len(loose))
        better = False
        while True:
            products = self.target[places] * self.moved[places]
            sums = sum(np.bincount(row, products, minlength=len(loose) + 1) for row in own)
            wrong: NDArray[np.bool_] = np.asarray(sums) < -self._least
            wrong[-1] = False
            # Of two at one weight the one of the greater number waits.
            wrong[own[:, wrong[own].all(axis=0)].max(axis=0, initial=0)] = False
            if not wrong.any():
                return better
            self.moved[places[wrong[own].any(axis=0)]] *= -1
            self._negate(np.flatnonzero(wrong))
            self._touch()
            better = True

    def _rescale(self) -> bool:
        """Change scales while that brings the networks much closer; say whether it did."""
        if self.plans.sizes is None or self.values is None:
            return False
        better = False
        for _ in range(MOST_PASSES):
            gain = self.plans.sizes.improve(self.target, self.moved, self.values)
            if gain <= CLOSER * self.distance() ** 2 + self._least:
                break
            self._touch()
            better = True
        return better

    def _touch(self, tensors: Numbers | slice = slice(None)) -> None:
        self._clock += 1
        self._changed[tensors] = self._clock


def add_products(
    gains: dict[int, Floats], ours: Floats, theirs: Floats, kinds: Numbers | None
) -> None:
    """Add the inner products of all pairs of rows, those of each kind of weight apart."""
    for kind in [0] if kinds is None else np.unique(kinds).tolist():
        here = slice(None) if kinds is None else kinds == kind
        product = ours[:, here] @ theirs[:, here].T
        gains[kind] = gains[kind] + product if kind in gains else product
