"""Signs and scales that are the same for all networks that differ by signs, scales and order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.symmetry.scalings import Scalings
from graphgen.template import EdgeBlock

Arrays = Mapping[str, NDArray[Any]]
Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

SIDES = (1.0, 0.9999)
LARGEST = 1e100
CLEAR = 1e-6
"""A sum of which so little is left beside its terms says nothing of a sign."""


class Gauge:
    """Chooses the free factors of a network by its own weights, wherever its neurons lie.

    Going up in depth, each factor that weights write (or divide) whose other factors are known
    makes these of norm 1, and a sum of theirs that is odd positive. `signs` and `scales` say which
    of both are chosen.
    """

    def __init__(self, group: Scalings, signs: bool, scales: bool) -> None:
        self.group = group
        unknowns = group.unknowns
        self.roots, self.powers = unknowns.find_all(np.arange(unknowns.count, dtype=np.int64))
        self.fixed = unknowns.fixed(self.roots)
        self.signed = ~unknowns.positive[self.roots] & signs
        self.sized = ~unknowns.unit[self.roots] & scales
        groups = group.template.node_groups
        self.levels: dict[int, list[EdgeBlock]] = {}
        for block in group.template.blocks:
            if block.tensor is not None and not block.tied:
                self.levels.setdefault(groups[block.target_group].depth, []).append(block)

    def factors(self, weights: Arrays) -> Floats | None:
        """Give the factor of each unknown for a network's weights, in double precision.

        None if factors are so large or small that their products are none.
        """
        known = self.fixed.copy()
        values = np.ones(len(known))
        with np.errstate(all="ignore"):
            for _, blocks in sorted(self.levels.items()):
                while self._level(blocks, weights, known, values):
                    pass
            chosen = values[self.roots]
            result: Floats = np.where(self.powers < 0, 1 / chosen, chosen)
            size = np.abs(result)
        return result if ((size > 1 / LARGEST) & (size < LARGEST)).all() else None

    def _level(
        self, blocks: list[EdgeBlock], weights: Arrays, known: NDArray[np.bool_], values: Floats
    ) -> bool:
        """Choose what the weights of some blocks decide; say whether there was anything."""
        parts, waiting = [], []
        for block in blocks:
            for root, power, terms, alone in self._open(block, weights, known, values):
                parts.append((root[alone], power[alone], terms[alone]))
                waiting.append(root[~alone])
        if not parts:
            return False
        own, power, terms = (np.concatenate(column) for column in zip(*parts, strict=True))
        ready = ~np.isin(own, np.concatenate(waiting))
        if ready.any():
            own, power, terms = own[ready], power[ready], terms[ready]
        found, place = np.unique(own, return_inverse=True)
        side = np.where(power > 0, 0, len(found)) + place
        shape, count = (2, len(found)), 2 * len(found)
        squares = np.bincount(side, terms**2, minlength=count).reshape(shape)
        odd = np.bincount(side, terms * np.abs(terms), minlength=count).reshape(shape)
        sizes = np.where(squares > 0, squares, 1.0)
        sides = np.maximum((squares > 0).sum(axis=0), 1)
        both = np.exp((np.log(sizes[1]) - np.log(sizes[0])) / 2 / sides)
        values[found] = np.where(self.sized[found], both, 1.0)
        # Each side in units of its own size. A symmetry may exchange the sides; so that they do not
        # cancel where each is one weight, one counts a little more.
        lean = np.array(SIDES) @ (odd / sizes)
        values[found[(lean < -CLEAR) & self.signed[found]]] *= -1
        known[found] = True
        return bool(len(found))

    def _open(
        self, block: EdgeBlock, weights: Arrays, known: NDArray[np.bool_], values: Floats
    ) -> Iterator[tuple[Numbers, NDArray[np.int8], Floats, NDArray[np.bool_]]]:
        """List the scalars that have a factor not known; and whether it is the only one."""
        factors = self.group.powers(block)
        terms = block.view(np.asarray(weights[str(block.tensor)])).astype(np.float64)
        unknown = np.zeros((1,) * len(block.shape), dtype=np.int64)
        for own, power in factors:
            root, by = self.roots[own], self.powers[own] * np.int8(power)
            unknown = unknown + ~known[root]
            terms = terms * values[root] ** by.astype(np.float64)
        for own, power in factors:
            if abs(power) > 1:
                continue
            root, by = self.roots[own], self.powers[own] * np.int8(power)
            chosen = np.broadcast_to(~known[root], block.shape) & (terms != 0)
            if chosen.any():
                yield (
                    np.broadcast_to(root, block.shape)[chosen],
                    np.broadcast_to(by, block.shape)[chosen],
                    terms[chosen],
                    np.broadcast_to(unknown == 1, block.shape)[chosen],
                )
