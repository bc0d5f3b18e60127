"""The nodes of one structure that are those of another, found without a name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphgen.differences.incidence import Ints, Words, mix
from graphgen.differences.neurons import Neurons, ranks
from graphgen.template import Template

MOST_GUESSES = 256
"""So many times nodes that are alike are told apart by hand, one class after the other."""
MOST_CHOICES = 8


@dataclass(frozen=True)
class Isomorphism:
    """Two structures, and which node of the first each of the second's is.

    `nodes` has a node of the first structure for each that is kept of the second, else -1;
    `classes` are colours of the first's nodes, which those have in common that the structure does
    not tell apart.
    """

    first: Neurons
    second: Neurons
    nodes: Ints
    classes: Words

    @property
    def exact(self) -> bool:
        """Whether constants agree, too."""
        return self.first.exact


def isomorphism(
    a: Template, b: Template, exact: bool = True, labels: tuple[Words, Words] | None = None
) -> Isomorphism | None:
    """Find how the nodes of one structure are those of another; None if they are not.

    `labels` tell nodes of either apart from the outside.
    """
    first, second = Neurons(a, exact), Neurons(b, exact)
    if len(first.kept) != len(second.kept):
        return None
    starts = [first.static, second.static]
    if labels is not None:
        starts = [mix(own ^ label) for own, label in zip(starts, labels, strict=True)]
    ours, theirs = first.colours(starts[0]), second.colours(starts[1])
    if not alike(first, second, ours, theirs):
        return None
    classes = ours
    for _ in range(MOST_GUESSES):
        found = in_order(first, second, ours, theirs)
        if found is not None:
            return Isomorphism(first, second, found, classes)
        guess = told_apart(first, second, ours, theirs)
        if guess is None:
            return None
        ours, theirs = guess
    return None


def alike(first: Neurons, second: Neurons, ours: Words, theirs: Words) -> bool:
    """Say whether as many nodes of either have each colour."""
    return bool(np.array_equal(np.sort(ours[first.kept]), np.sort(theirs[second.kept])))


def in_order(first: Neurons, second: Neurons, ours: Words, theirs: Words) -> Ints | None:
    """Pair the nodes of each colour in their order; None where the edges do not agree then."""
    told = []
    for side, colours in ((first, ours), (second, theirs)):
        own = colours.copy()
        own[side.kept] = mix(own[side.kept] ^ mix(ranks(own[side.kept])))
        told.append(own)
    after = [side.colours(own) for side, own in zip((first, second), told, strict=True)]
    if not alike(first, second, *after):
        return None
    found: NDArray[np.int64] = np.full(second.template.num_nodes, -1, dtype=np.int64)
    here, there = (
        side.kept[np.argsort(own[side.kept], kind="stable")]
        for side, own in zip((first, second), told, strict=True)
    )
    found[there] = here
    return found


def told_apart(
    first: Neurons, second: Neurons, ours: Words, theirs: Words
) -> tuple[Words, Words] | None:
    """Tell nodes of one colour apart by hand, such that both structures still look alike."""
    kept = ours[first.kept]
    colours, counts = np.unique(kept, return_counts=True)
    several = colours[counts > 1]
    if not len(several):
        return None
    sizes = counts[counts > 1]
    cell = several[np.argmin(sizes)]
    members = [np.sort(np.flatnonzero(_of(side, own, cell))) for side, own in
               ((first, ours), (second, theirs))]  # fmt: skip
    for choice in range(min(len(members[1]), MOST_CHOICES)):
        one, other = ours.copy(), theirs.copy()
        one[members[0][0]] = other[members[1][choice]] = mix(np.array([cell]))[0]
        one, other = first.colours(one), second.colours(other)
        if alike(first, second, one, other):
            return one, other
    return None


def _of(side: Neurons, colours: Words, cell: np.uint64) -> NDArray[np.bool_]:
    inside = np.zeros(len(colours), dtype=np.bool_)
    inside[side.kept] = colours[side.kept] == cell
    return inside
