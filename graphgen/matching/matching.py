"""Weight matching: the symmetry that brings one network's weights close to another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.compile import template
from graphgen.errors import GraphError, concerning, described, instance, whole
from graphgen.finite import check_finite
from graphgen.fitting import fitting
from graphgen.matching.alignment import EXACT, Alignment
from graphgen.sources import Net, Weights, place_of
from graphgen.symmetry.permutation import Permutation
from graphgen.symmetry.scalings import Scaling
from graphgen.template import Template

Arrays = dict[str, NDArray[Any]]

MOST_RESTARTS = 10_000


@dataclass(frozen=True, repr=False)
class Match:
    """A symmetry that brings a network close to another, and what is known of how close.

        found = graphgen.match(net, a, b)
        found.apply(b)                     # computes what b computes, and lies close to a

    `permutation` comes first, then `scaling` (None where no sign or scale changes). `how` is
    "exact copy" where each tensor with an edge is then the target's, bit by bit, or to rounding
    where scales change; "local optimum" where no assignment of the items of a run, others kept
    (for a tensor that a run moves on both sides: the other side kept), and no sign bring the two
    closer; "stopped early" where `sweeps` did not suffice for that.
    `distance` is Euclidean, over all trainable tensors. No element of the group brings it below
    `lower_bound`.
    """

    permutation: Permutation
    scaling: Scaling | None
    how: str
    distance: float
    lower_bound: float

    def apply(self, weights: Weights) -> Arrays:
        """Move a network's weights, arrays or a file; tensors without an edge stay as they are.

        Raises `GraphError` for weights of another architecture.
        """
        moved = self.permutation.apply(weights)
        return moved if self.scaling is None else self.scaling.apply(moved)

    def __repr__(self) -> str:
        if self.how == EXACT:
            return f"<Match: {EXACT}>"
        bound = f", at least {self.lower_bound:.4g}" if self.lower_bound else ""
        return f"<Match: {self.how}, distance {self.distance:.4g}{bound}>"


def match(
    net: Net,
    target: Weights,
    weights: Weights,
    rng: np.random.Generator | None = None,
    sweeps: int = 100,
    restarts: int = 0,
    signs: bool = True,
    scales: bool = True,
) -> Match:
    """Align a network with another of its architecture: find a symmetry that brings them close.

        aligned = graphgen.match(net, a, b).apply(b)
        barrier = graphgen.loss_barrier(loss, a, aligned)

    An exact copy is found by refining colours of neurons by the weights around them. Otherwise the
    inner product of all trainable tensors is raised one run of exchangeable items (neurons, heads,
    branches) after the other, each a linear assignment with the others kept (Ainsworth, Hayase &
    Srinivasa, ICLR 2023, algorithm 1), from several starts: as the networks lie, from what of each
    item no other permutation changes, and from `restarts` random elements of the group; the best
    is given. A pair of heads or branches counts as what the best assignment inside it gives.

    `signs` and `scales` say whether signs and sizes of neurons may change too, where
    `graphgen.scalings` finds that this is exact (of at most ten million neurons). `rng` draws
    the order of the runs, and the restarts. `net`, `target` and `weights` may be files. Raises
    `GraphError`, which names the file or the argument, for weights that do not fit and for values
    that are not finite.
    """
    structure = template(net)
    if rng is not None:
        instance(rng, np.random.Generator, "rng", "numpy.random.default_rng(0)")
    sweeps, restarts = whole(sweeps, "sweeps"), whole(restarts, "restarts")
    if restarts > MOST_RESTARTS:
        raise GraphError(f"`restarts` is {described(restarts)}; expected at most {MOST_RESTARTS:,}")
    free = flag(signs, "signs"), flag(scales, "scales")
    ours, theirs = (
        comparable(structure, given, argument)
        for given, argument in ((target, "target"), (weights, "weights"))
    )
    task = Alignment(structure, ours, theirs, *free)
    found = task.copy() or task.search(rng or np.random.default_rng(0), sweeps, restarts)
    return Match(*found)


def flag(value: object, argument: str) -> bool:
    """Give True or False back; `GraphError` for anything else."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise GraphError(f"`{argument}` is {described(value)}; expected True or False")


def comparable(structure: Template, weights: Weights, argument: str) -> Arrays:
    """Give weights whose inner products mean something: they fit, and are finite."""
    arrays = fitting(structure.form, weights, argument)
    with concerning(place_of(weights, argument)):
        check_finite({t.name: arrays[t.name] for t in structure.tensors if t.trainable})
    return arrays
