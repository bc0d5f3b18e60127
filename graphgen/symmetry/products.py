"""Products of neurons: which of their operands' factors cancel, and which are stopped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphgen.symmetry.unknowns import Numbers, Unknowns


def cancel(unknowns: Unknowns, operands: Sequence[tuple[Numbers, Numbers]]) -> None:
    """Let the factors of a product be those of its operands; two of them may cancel.

    `operands` are pairs of the products' unknowns and those of an operand of each. Where a product
    leaves a choice, the first such has the factor 1, until none is left; products that share no
    factors do not wait for one another.
    """
    if operands:
        products = Products(unknowns, operands)
        while products.pass_on() or products.stop():
            pass


class Products:
    """Products, a row each: `sources` are the unknowns of the operands."""

    def __init__(self, unknowns: Unknowns, operands: Sequence[tuple[Numbers, Numbers]]) -> None:
        self.unknowns = unknowns
        targets = np.concatenate([target for target, _ in operands])
        sources = np.concatenate([source for _, source in operands])
        self.own, first, rows = np.unique(targets, return_index=True, return_inverse=True)
        # In the order in which the blocks come to them.
        places = np.empty(len(first), dtype=np.int64)
        places[np.argsort(first)] = np.arange(len(first))
        self.own, rows = self.own[np.argsort(first)], places[rows]
        order = np.argsort(rows, kind="stable")
        counts = np.bincount(rows)
        columns = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        # Where a product has fewer operands than others, it has a 1.
        one = unknowns.new(1)
        unknowns.fix(one)
        self.sources = np.full((len(self.own), counts.max()), one[0], dtype=np.int64)
        self.sources[rows[order], columns] = sources[order]

    def free(self) -> NDArray[np.bool_]:
        """Say which operands have a factor that may be chosen."""
        return ~self.unknowns.fixed(self.sources)

    def pass_on(self) -> bool:
        """Pass factors on where a product leaves no choice; say whether that was new."""
        free = self.free()
        counts, fixed = free.sum(axis=1), self.unknowns.fixed(self.own)
        new = False
        one = counts == 1
        if one.any():
            single = self.sources[one][np.arange(one.sum()), free[one].argmax(axis=1)]
            new |= self.join(self.own[one], single, 1)
        none = (counts == 0) & ~fixed
        if none.any():
            self.unknowns.fix(self.own[none])
            new = True
        two = (counts == 2) & fixed
        if two.any():
            both = self.sources[two][free[two]].reshape(-1, 2)
            new |= self.join(both[:, 0], both[:, 1], -1)
        return new

    def join(self, first: Numbers, second: Numbers, power: int) -> bool:
        """Equate unknowns; say whether that was new."""
        unknowns = self.unknowns
        either = unknowns.fixed(first) | unknowns.fixed(second)
        new = bool((unknowns.fixed(first) != unknowns.fixed(second)).any())
        unknowns.fix(np.concatenate([first[either], second[either]]))
        first, second = first[~either], second[~either]
        (a, p), (b, q) = unknowns.find_all(first), unknowns.find_all(second)
        new |= bool(((a != b) | ((p != q * power) & ~unknowns.unit[a])).any())
        unknowns.equate(first, second, power)
        return new

    def stop(self) -> bool:
        """Stop the factors of the first products that leave a choice; say whether there are any.

        Of two operands the factors may still cancel, so that their product alone is stopped: no
        product of a sum is then otherwise than the rest.
        """
        counts = self.free().sum(axis=1)
        rows = np.flatnonzero((counts > 2) | ((counts == 2) & ~self.unknowns.fixed(self.own)))
        if not len(rows):
            return False
        # One of each set of products that share factors: what it stops may free the others.
        islands = self.islands()[rows]
        first = rows[np.unique(islands, return_index=True)[1]]
        several = first[counts[first] > 2]
        self.unknowns.fix(np.concatenate([self.own[first], self.sources[several].reshape(-1)]))
        return True

    def islands(self) -> Numbers:
        """Give a number for each product; those that share factors that may be chosen have one."""
        count, rows = self.unknowns.count, np.arange(len(self.own))
        joined = Unknowns()
        joined.new(count + len(rows))
        for column in (self.own, *self.sources.T):
            live = ~self.unknowns.fixed(column)
            joined.equate(count + rows[live], self.unknowns.find_all(column[live])[0])
        return joined.find_all(count + rows)[0]
