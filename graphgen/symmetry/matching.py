"""Weight matching: the symmetry that brings one network's weights close to another's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.compile import template
from graphgen.errors import concerning, instance, whole
from graphgen.export.library import EXPORT, library
from graphgen.finite import check_finite
from graphgen.fitting import fitting
from graphgen.sources import Net, Weights, place_of
from graphgen.symmetry.earlier_group import Symmetries
from graphgen.symmetry.earlier_permutation import Permutation
from graphgen.symmetry.factors import Factor
from graphgen.symmetry.pieces import Piece
from graphgen.symmetry.segments import end_of, extent_of
from graphgen.template import Template

Arrays = dict[str, NDArray[Any]]
Key = tuple[int, tuple[int, ...]]


def match(
    net: Net,
    target: Weights,
    weights: Weights,
    rng: np.random.Generator | None = None,
    sweeps: int = 100,
) -> Permutation:
    """Align a network with another of its architecture: find a symmetry that brings them close.

        aligned = graphgen.match(net, a, b).apply(b)
        barrier = graphgen.loss_barrier(loss, a, aligned)

    Maximises the inner product of all trainable tensors, one permutation at a time with the others
    kept, each a linear assignment (Ainsworth, Hayase & Srinivasa, ICLR 2023, algorithm 1). Where
    permutations nest, as those of heads and of what is inside a head, a pair of runs counts as what
    the best assignment inside it gives. Branches are not exchanged. The order of the sweeps is
    drawn from `rng`. `net`, `target` and `weights` may be files. Raises `GraphError`, which names
    the file or the argument, for weights that do not fit and for values that are not finite.
    """
    structure = template(net)
    if rng is not None:
        instance(rng, np.random.Generator, "rng", "numpy.random.default_rng(0)")
    sweeps = whole(sweeps, "sweeps")
    arrays = [
        _comparable(structure, given, argument)
        for given, argument in ((target, "target"), (weights, "weights"))
    ]
    return _Matching(Symmetries(structure), *arrays).run(rng or np.random.default_rng(0), sweeps)


def _comparable(structure: Template, weights: Weights, argument: str) -> Arrays:
    """Give weights whose inner products mean something: they fit, and are finite."""
    arrays = fitting(structure.tensors, weights, argument)
    with concerning(place_of(weights, argument)):
        check_finite({t.name: arrays[t.name] for t in structure.tensors if t.trainable})
    return arrays


@dataclass(frozen=True)
class _View:
    """A piece of a tensor whose axes are spelled out into factors: `parts[i]` lies on axis i."""

    tensor: str
    scalars: NDArray[np.int64]
    parts: tuple[Factor | None, ...]


class _Matching:
    def __init__(self, group: Symmetries, target: Arrays, weights: Arrays) -> None:
        self.group, self.weights = group, weights
        trainable = {t.name for t in group.template.tensors if t.trainable}
        self.views = [
            self._view(piece)
            for piece in group.pieces.all
            if piece.block.tensor in trainable and not piece.block.tied
        ]
        self.target = {name: _wide(target[name]) for name in trainable}
        self.nodes = np.arange(group.template.num_nodes, dtype=np.int64)
        self.solve = library("scipy.optimize", EXPORT).linear_sum_assignment

    def run(self, rng: np.random.Generator, sweeps: int) -> Permutation:
        """Improve one permutation after the other until none improves."""
        keys = list(self.group.free)
        value = self._value(self.nodes)
        for _ in range(sweeps):
            before = value
            for place in rng.permutation(len(keys)):
                value = self._improve(keys[place], value)
            if value <= before + 1e-9 * abs(before):
                break
        return self.group.element(self.nodes)

    def _improve(self, key: Key, value: float) -> float:
        """Assign one permutation anew, and those inside it; keep it if that is closer."""
        matched = self._arrays(self.nodes)
        inside = [other for other in self.group.free if key[0] in self._contexts(other)]
        gains = self._similarity(key, matched)
        if inside:
            gains = gains + self._best_inside(key, matched)
        order = self._assign(gains, self.group.free[key])
        nodes = self.nodes[self.group.arranged({key: order})]
        for other in inside:
            pairs = self._similarity(other, self._arrays(nodes))
            step = self._assign(pairs, self.group.free[other])
            nodes = nodes[self.group.arranged({other: step})]
        after = self._value(nodes)
        if after <= value:
            return value
        self.nodes = nodes
        return after

    def _best_inside(self, key: Key, matched: Arrays) -> NDArray[np.float64]:
        """Say how much each pair of runs gains by the best assignments inside it."""
        size = self.group.free[key].size
        result = np.zeros((size, size))
        parts = {other[0]: part for other, part in self.group.free.items()}
        inner = {other[0] for other in self.group.free if self._contexts(other)[-1:] == (key[0],)}
        for factor in inner:
            outer = key[1] if len(self._contexts((factor, ()))) > 1 else ()
            for i in range(size):
                for j in range(size):
                    pairs = self._similarity((factor, (*outer, i)), matched, context=(*outer, j))
                    order = self._assign(pairs, parts[factor])
                    result[i, j] += pairs[np.arange(len(order)), order].sum() - np.trace(pairs)
        return result

    def _assign(self, gains: NDArray[np.float64], part: Factor) -> NDArray[np.int64]:
        """Give each item the one that gains most together, but those that stay."""
        held = part.held
        order = self.solve(gains[held:, held:], maximize=True)[1]
        return np.concatenate([np.arange(held), held + order])

    def _contexts(self, key: Key) -> tuple[int, ...]:
        return self.group.derivation.contexts[key[0]]

    def _similarity(
        self, key: Key, matched: Arrays, context: tuple[int, ...] | None = None
    ) -> NDArray[np.float64]:
        """Multiply the slices of each pair of items of a factor: the target's by the matched.

        `context` is where the matched items lie, if not where the target's do.
        """
        size = next(part for other, part in self.group.free.items() if other[0] == key[0]).size
        result = np.zeros((size, size))
        outer = self._contexts(key)
        for view in self.views:
            places = [i for i, part in enumerate(view.parts) if part and id(part) == key[0]]
            for place in places:
                a = self.target[view.tensor].reshape(-1)[view.scalars]
                b = matched[view.tensor].reshape(-1)[view.scalars]
                index_a: list[Any] = [slice(None)] * a.ndim
                index_b = list(index_a)
                for which, other in enumerate(outer):
                    for axis, part in enumerate(view.parts):
                        if part and id(part) == other and self._nests(view, axis, place):
                            index_a[axis] = slice(key[1][which], key[1][which] + 1)
                            own = key[1][which] if context is None else context[which]
                            index_b[axis] = slice(own, own + 1)
                a, b = a[tuple(index_a)], b[tuple(index_b)]
                rows = np.moveaxis(a, place, 0).reshape(size, -1)
                columns = np.moveaxis(b, place, 0).reshape(size, -1)
                result += rows @ columns.T
        return result

    def _nests(self, view: _View, axis: int, place: int) -> bool:
        """Say whether an outer factor on one axis of a view is that of the factor on another.

        It may come twice, on either side of a square matrix.
        """
        same = [i for i, part in enumerate(view.parts) if part is view.parts[axis]]
        return axis == max((i for i in same if i < place), default=same[0])

    def _value(self, nodes: NDArray[np.int64]) -> float:
        """Give the inner product of the target and the weights, permuted."""
        matched = self._arrays(nodes)
        return float(
            sum(np.vdot(array, matched[name]) for name, array in sorted(self.target.items()))
        )

    def _arrays(self, nodes: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        permuted = self.group.element(nodes).moved(self.weights)
        return {name: _wide(permuted[name]) for name in self.target}

    def _view(self, piece: Piece) -> _View:
        shape: list[int] = []
        parts: list[Factor | None] = []
        for coordinate, size in enumerate(piece.shape):
            along = list(self._parts(piece, coordinate))
            if not along:
                along, sizes = [None], [size]
            else:
                sizes = [part.size for part in along if part is not None]
            shape += sizes
            parts += along
        block = piece.block
        scalars = np.arange(block.num_edges, dtype=np.int64).reshape(block.shape)
        window = tuple(
            slice(start, start + size)
            for start, size in zip(piece.starts, piece.shape, strict=True)
        )
        return _View(str(block.tensor), scalars[window].reshape(shape), tuple(parts))

    def _parts(self, piece: Piece, coordinate: int) -> Iterator[Factor | None]:
        """List the factors that a coordinate of a piece runs over, if these are all it has."""
        size = piece.shape[coordinate]
        for which in ("target", "source"):
            group, _, strides = end_of(self.group.template, piece.block, which)
            if not strides[coordinate] or size == 1:
                continue
            offset = piece.first(which) - self.group.template.node_groups[group].start
            runs = self.group.axes[group].stretch(
                offset, extent_of(piece.shape, strides), strides[coordinate], size
            )
            found = [part for run in runs for factor in run for part in factor.parts()]
            if len(runs) == 1 and np.prod([part.size for part in found], dtype=int) == size:
                yield from found
                return


def _wide(array: NDArray[Any]) -> NDArray[Any]:
    """Give an array in double precision; 16-bit floats are not summed in their own."""
    return np.asarray(array).astype(np.float64)
