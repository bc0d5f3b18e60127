"""Scales that bring two networks close: factors improved one group of neurons after the other."""

from __future__ import annotations

import numpy as np

from graphgen.matching.factors import Floats, Numbers
from graphgen.matching.scalars import Scalars
from graphgen.symmetry.scalings import Scalings

REACH = 4.0
STEPS = 33


class Sizes:
    """The factors whose size may be chosen, those of one group of nodes together.

    Each multiplies some weights and divides others: the best for both, others kept, is the least
    value of a function of one number.
    """

    def __init__(self, scalars: Scalars, group: Scalings) -> None:
        self.scalars = scalars
        unknowns = group.unknowns
        every = np.arange(unknowns.count, dtype=np.int64)
        self.roots, self.powers = unknowns.find_all(every)
        sized = ~unknowns.unit[: unknowns.count]
        order = np.argsort(self.roots, kind="stable")
        self._members = order, np.searchsorted(self.roots[order], np.arange(len(every) + 1))
        batch = np.full(len(every), len(group.stages), dtype=np.int64)
        for number, stages in enumerate(group.stages):
            found = self.roots[np.concatenate(stages)]
            np.minimum.at(batch, found[sized[found]], number)
        uses: dict[int, list[tuple[Numbers, Numbers, Floats]]] = {}
        for block in scalars.blocks:
            for own, power in () if block.tied else group.powers(block):
                root = self.roots[own]
                for number in np.unique(batch[root]).tolist():
                    if number == len(group.stages):
                        continue
                    by = np.where(batch[root] == number, self.powers[own] * float(power), 0.0)
                    uses.setdefault(number, []).append((scalars.places(block), root, by))
        self.batches = [uses[number] for number in sorted(uses)]

    def improve(self, target: Floats, moved: Floats, values: Floats) -> float:
        """Change the factors of each batch, in place; give how much the squared distance falls."""
        return sum(self._batch(uses, target, moved, values) for uses in self.batches)

    def _batch(
        self, uses: list[tuple[Numbers, Numbers, Floats]], target: Floats, moved: Floats,
        values: Floats,
    ) -> float:  # fmt: skip
        found = np.unique(np.concatenate([root[by != 0] for _, root, by in uses]))
        place = np.zeros(len(self.roots), dtype=np.int64)
        place[found] = np.arange(len(found))
        sums = np.zeros((4, len(found)))
        for places, root, by in uses:
            ours, theirs = target[places], moved[places]
            at = np.broadcast_to(place[root], places.shape).reshape(-1)
            power = np.broadcast_to(by, places.shape)
            for row, here in ((0, power > 0), (2, power < 0)):
                if here.any():
                    for k, terms in ((0, theirs * theirs), (1, ours * theirs)):
                        part = (terms * here).reshape(-1)
                        sums[row + k] += np.bincount(at, part, minlength=len(found))
        logs, gain = least(sums)
        factor = np.ones(len(self.roots))
        factor[found] = np.exp(logs)
        for places, root, by in uses:
            moved[places] *= factor[root] ** by
        order, first = self._members
        for root, log in zip(found[logs != 0].tolist(), logs[logs != 0].tolist(), strict=True):
            own = order[first[root] : first[root + 1]]
            values[own] *= np.exp(log * self.powers[own])
        return float(gain.sum())


def least(sums: Floats) -> tuple[Floats, Floats]:
    """Find t where a e^2t - 2b e^t + c e^-2t - 2d e^-t is least, near 0; and how far it falls."""
    a, b, c, d = sums

    def value(t: Floats) -> Floats:
        up, down = np.exp(t), np.exp(-t)
        result: Floats = (a * up - 2 * b) * up + (c * down - 2 * d) * down
        return result

    grid = np.linspace(-REACH, REACH, STEPS)
    best = grid[value(grid[:, None]).argmin(axis=0)]
    for _ in range(5):
        up, down = np.exp(best), np.exp(-best)
        slope = 2 * (a * up - b) * up - 2 * (c * down - d) * down
        bend = 2 * (2 * a * up - b) * up + 2 * (2 * c * down - d) * down
        step = np.where(bend > 0, slope / np.where(bend > 0, bend, 1), 0)
        best = best - np.minimum(np.maximum(step, -0.25), 0.25)
    gain = value(np.zeros_like(best)) - value(best)
    better = gain > 1e-12 * (a + c)
    return np.where(better, best, 0.0), np.where(better, gain, 0.0)
