"""Two networks, and the element of the group that brings one to the other: a copy, or a search."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from graphgen.dtypes import is_real
from graphgen.errors import GraphError
from graphgen.matching.bound import lower_bound
from graphgen.matching.copies import copied
from graphgen.matching.factors import Floats, Numbers, carried
from graphgen.matching.gauge import Gauge
from graphgen.matching.labels import bits_of, clusters
from graphgen.matching.plans import Plans
from graphgen.matching.scalars import Scalars
from graphgen.matching.search import Search
from graphgen.symmetry.ends import Ends
from graphgen.symmetry.group import Symmetries
from graphgen.symmetry.permutation import Permutation
from graphgen.symmetry.scalings import MOST_NEURONS, Scaling, Scalings
from graphgen.template import Template

Arrays = dict[str, NDArray[Any]]
_FINFO: Callable[[Any], Any] = ml_dtypes.finfo
Found = tuple[Permutation, Scaling | None, str, float, float]

EARLY = 2
"""The sweeps after which the worse half of the starts is given up; then twice as many."""
COARSE = 1e-3
"""The least relative error of rounding that is not taken for equality."""
EXACT, OPTIMUM, STOPPED = "exact copy", "local optimum", "stopped early"


class Alignment:
    """Two networks of one architecture, and what may be done to bring one to the other."""

    def __init__(
        self, structure: Template, target: Arrays, weights: Arrays, signs: bool, scales: bool
    ) -> None:
        self.template = structure
        self.ends = Ends(structure)
        self.target, self.weights = wide(target), wide(weights)
        self.scalings: Scalings | None = None
        self.signs = self.scales = False
        if (signs or scales) and structure.num_nodes <= MOST_NEURONS:
            self.scalings = Scalings(structure)
            self.signs = signs and self.scalings.signs > 0
            self.scales = scales and self.scalings.scales > 0
        depth = max((group.depth for group in structure.node_groups), default=0)
        kinds = {array.dtype for side in (target, weights) for array in side.values()}
        eps = max((precision(kind) for kind in kinds), default=0.0)
        # Rounding errors of factors add up along the depth; coarse numbers say nothing of them.
        tolerance = 16 * eps * (16 + depth)
        self.tolerance = tolerance if tolerance < COARSE else 0.0
        self.scalars = Scalars(structure)
        self._factors: dict[bool, tuple[Floats, Floats] | None] = {}

    def copy(self) -> Found | None:
        """Find an exact copy; or one but for what is not trained, which is as close."""
        edges = self.template.edge_tensors
        every, trained = [t.name for t in edges], [t.name for t in edges if t.trainable]
        for names in (every, trained) if trained != every else (every,):
            for scales in self._frames():
                found = self._copied(names, scales)
                if found is not None:
                    return found
        return None

    def search(self, rng: np.random.Generator, sweeps: int, restarts: int) -> Found:
        """Improve several starts; from time to time the better half goes on, at last the best."""
        begun = list(self.starts(rng, min(sweeps, EARLY), restarts))
        spent = 0
        while len(begun) > 1:
            turn = min(max(EARLY, spent), sweeps - spent)
            for start in begun:
                start.sweep(rng, turn)
            spent += turn
            begun = sorted(begun, key=Search.distance)[: (len(begun) + 1) // 2]
        (found,) = begun
        found.sweep(rng, sweeps - spent, rescale=True)
        return self._told(found.nodes, found.values, OPTIMUM if found.settled else STOPPED)

    def _frames(self) -> list[bool | None]:
        """List the ways to take out free factors: none, signs alone (False), scales too (True)."""
        return [None] + [False] * self.signs + [True] * self.scales

    def _gauged(self, scales: bool | None) -> tuple[Floats | None, Floats | None] | None:
        """Give the factors of both networks that take out what is free; None if too far apart."""
        if scales is None or self.scalings is None:
            return None, None
        if scales not in self._factors:
            gauge = Gauge(self.scalings, self.signs, scales)
            ours, theirs = gauge.factors(self.target), gauge.factors(self.weights)
            self._factors[scales] = None if ours is None or theirs is None else (ours, theirs)
        return self._factors[scales]

    def _scaled(self, values: Floats | None, arrays: Arrays) -> Arrays:
        if values is None or self.scalings is None:
            return arrays
        return Scaling(self.scalings, values).apply(arrays)

    def _copied(self, names: list[str], scales: bool | None) -> Found | None:
        """Find a copy in some tensors, with free factors taken out."""
        factors = self._gauged(scales)
        if factors is None:
            return None
        ours, theirs = factors
        first, second = self._scaled(ours, self.target), self._scaled(theirs, self.weights)
        first, second = ({name: side[name] for name in names} for side in (first, second))
        if scales:
            labels = clusters(first, second, self.tolerance)
        else:
            labels = bits_of(first), bits_of(second)
        if labels is None:
            return None
        nodes = copied(self.template, self.ends.dead, *labels)
        if nodes is None:
            return None
        values = None
        if ours is not None and theirs is not None and self.scalings is not None:
            values = carried(self.scalings, nodes, theirs) / ours
        try:
            found = self._told(nodes, values, OPTIMUM)
        except GraphError:  # neurons that weights do not tell apart, but uses of a tensor do
            return None
        return found if found[2] == EXACT or found[3] == 0 else None

    def _told(self, nodes: Numbers, values: Floats | None, how: str) -> Found:
        """Apply what was found to the network, and say how close that is."""
        permutation = Permutation(self.template, nodes, self.ends)
        scaling, close = None, 0.0
        if values is not None and self.scalings is not None and (values != 1).any():
            scaling = Scaling(self.scalings, values)
            close = self.tolerance if (np.abs(values) != 1).any() else 0.0
        moved = permutation.apply(self.weights)
        moved = moved if scaling is None else scaling.apply(moved)
        exact = all(
            (
                np.abs(moved[t.name] - self.target[t.name]) <= close * np.abs(self.target[t.name])
            ).all()
            for t in self.template.edge_tensors
        )
        trained = [t.name for t in self.template.tensors if t.trainable]
        squares = [np.square(moved[name] - self.target[name]).sum() for name in trained]
        distance = float(np.sqrt(sum(squares)))
        bound = 0.0 if exact or distance == 0 else min(self._bound(), distance)
        return permutation, scaling, EXACT if exact else how, distance, bound

    def _bound(self) -> float:
        """Give a distance below which no symmetry comes."""
        signed, sized = (np.zeros(self.scalars.count, dtype=np.bool_) for _ in range(2))
        if self.scalings is not None:
            unknowns = self.scalings.unknowns
            for block in self.scalars.blocks:
                for own, power in () if block.tied else self.scalings.powers(block):
                    roots = unknowns.find_all(own)[0]
                    places = self.scalars.places(block)
                    signed[places] |= self.signs & (power % 2 == 1) & ~unknowns.positive[roots]
                    sized[places] |= self.scales & ~unknowns.unit[roots]
        theirs = self.scalars.vector(self.weights)
        return lower_bound(self.scalars, self.ends.dead, self.ours, theirs, signed, sized)

    @cached_property
    def group(self) -> Symmetries:
        """What a search looks through; a copy is found without."""
        return Symmetries(self.template)

    @cached_property
    def ours(self) -> Floats:
        """The target's scalars."""
        return self.scalars.vector(self.target)

    @cached_property
    def plans(self) -> Plans:
        """What the search needs to know of the architecture."""
        return Plans(self.group, self.scalars, self.scalings, self.signs, self.scales)

    def _search(self, target: Floats, nodes: Numbers, values: Floats | None) -> Search:
        """Begin at an element of the group."""
        moved = self._scaled(
            values, Permutation(self.template, nodes, self.ends).apply(self.weights)
        )
        return Search(self.plans, target, self.scalars.vector(moved), nodes, values)

    def starts(self, rng: np.random.Generator, sweeps: int, restarts: int) -> Iterator[Search]:
        """Give searches that have begun in different ways."""
        identity = np.arange(self.template.num_nodes, dtype=np.int64)
        ones = None if self.scalings is None else np.ones(self.scalings.unknowns.count)
        yield self._search(self.ours, identity, ones)
        for scales in self._frames()[1 if self.signs else 0 :]:
            factors = self._gauged(scales)
            if factors is None:
                continue
            ours, theirs = factors
            if ours is None:
                start = self._search(self.ours, identity, ones)
                start.begin()
            else:
                target = self.scalars.vector(self._scaled(ours, self.target))
                start = self._search(target, identity, theirs)
                start.begin()
                start.sweep(rng, sweeps)
                if start.values is not None:
                    start = self._search(self.ours, start.nodes, start.values / ours)
            yield start
        for _ in range(restarts):
            yield self._search(self.ours, self.group.sample(rng).nodes, ones)


def wide(arrays: Arrays) -> Arrays:
    """Give arrays in double precision, in which sums of 16-bit floats are sums."""
    return {name: np.asarray(array).astype(np.float64) for name, array in arrays.items()}


def precision(dtype: np.dtype[Any]) -> float:
    """Give the distance of 1 to the next number of a dtype."""
    return float(_FINFO(dtype).eps) if is_real(dtype) else 0.0
