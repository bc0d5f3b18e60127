"""Permutations, and signs and scales, as families among the others."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from graphgen.symmetry import Permutation, Scalings, Symmetries, table
from graphgen.symmetry.big_numbers import product_in_words
from graphgen.symmetry.scalings import Scaling


class Permutations:
    """The permutations of neurons, channels, heads and branches: `graphgen.symmetries`."""

    kind = "permutations"
    name = "permutations"
    dimension = 0

    def __init__(self, group: Symmetries) -> None:
        self.group = group

    @cached_property
    def where(self) -> tuple[str, ...]:
        """The tensors of which some axis is permuted."""
        return tuple(dict.fromkeys(
            str(block.tensor) for block in self.group.template.blocks if block.tensor is not None
        ))  # fmt: skip

    def __repr__(self) -> str:
        count = product_in_words(*self.group.derivation.counts())
        return f"<permutations: {count}; discrete>"

    def __str__(self) -> str:
        return table.write(self.group)

    def sample(self, rng: np.random.Generator) -> Permutation:
        """Draw a permutation uniformly."""
        return self.group.sample(rng)


class SignsAndScales:
    """The factors that activations let through: `graphgen.scalings`."""

    kind = "signs and scales"
    name = "signs and scales"

    def __init__(self, group: Scalings) -> None:
        self.group = group

    @property
    def dimension(self) -> int:
        """The number of factors whose size may be chosen."""
        return self.group.scales

    @cached_property
    def where(self) -> tuple[str, ...]:
        """The tensors that are multiplied."""
        group = self.group
        return tuple(dict.fromkeys(
            str(block.tensor)
            for block in group.template.blocks
            if any(not group.unknowns.fixed(own).all() for own, _ in group.powers(block))
        ))  # fmt: skip

    def __repr__(self) -> str:
        return f"<signs and scales: {self.group.signs:,} signs, {self.group.scales:,} scales>"

    def sample(self, rng: np.random.Generator) -> Scaling:
        """Draw factors: signs at random, sizes from a log-normal distribution."""
        return self.group.sample(rng)
