"""Networks of unequal widths: each as a network of the widest's sizes, of the same function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint import Form
from graphgen.dtypes import wide
from graphgen.errors import GraphError
from graphgen.evaluate import NUMPY
from graphgen.fitting import fitting
from graphgen.merging.laying import laid_out
from graphgen.merging.linear import sides
from graphgen.merging.views import view_of
from graphgen.sources import Weights
from graphgen.surgery.prune import now, resized
from graphgen.surgery.resizing import Resized
from graphgen.surgery.widen import widen
from graphgen.units.axes import Axes
from graphgen.units.derivation import Units
from graphgen.units.extents import Extent, atoms, size_of
from graphgen.units.families import Family
from spec import Architecture, Operation
from spec.functions import FUNCTIONS
from spec.primitives import Contract, Elementwise

Array = NDArray[Any]
Indices = NDArray[np.int64]
PASSING = ("identity", "dropout", "scale_by")


class Embedding:
    """What makes a narrower network one of the widest's sizes, that computes the same.

    Units that it lacks are 0 in all tensors, behind its own. Those that are counted together (by a
    layer norm over them, say), or of which something is divided by, come several times instead, as
    `graphgen.widen` has them. Where a
    constant of an attention tells its width, queries make up for it.
    """

    def __init__(self, units: Units, net: Architecture, where: str) -> None:
        self.net, self.units, self.where = net, units, where
        own = Units(net)
        odd = [name for name in own.families if name not in units.families]
        if odd:
            raise GraphError(f"{where} has other units than the widest: {', '.join(odd[:3])}")
        sizes = {
            family.atom: own.families[name].size if name in own.families else 1
            for name, family in units.families.items()
        }
        changed = [f for f in units.families.values() if sizes[f.atom] != f.size]
        check(units, net, sizes, where)
        divided = unbounded(units)
        again = [f for f in changed if f.together or f.atom in divided]
        self.repeated = {f.name: (sizes[f.atom], f.size) for f in again}
        self.lacking = frozenset(f.atom for f in changed if f not in again)
        self._items = {f.atom: items_of(f, sizes[f.atom], f in again) for f in changed}
        self._sizes = sizes
        before = Resized(units.axes, now(sizes))
        self._factors = factors(units, before, net, where)
        self._grown = sizes | {f.atom: f.size for f in again}
        for name in self.repeated:  # what cannot be repeated is found out here
            self._more(own, name)

    def _more(self, own: Units, name: str) -> list[Any]:
        """List the units that come once more, and once more again."""
        few, many = self.repeated[name]
        family, rest = self.units[name], many % few
        if name not in own.families or (rest and family.together):
            why = family.together[0] if family.together else "what divides"
            raise GraphError(
                f"{self.where} has {few} of {name}, the widest {many}. What is not there would "
                f"count in {why}; expected as many, or a number that divides {many}"
            )
        every = [*own[name]]
        return every * (many // few - 1) + [unit for unit in every if unit.item < rest]

    def lifted(self, weights: Weights) -> Mapping[str, Array]:
        """Give weights of the widest's sizes; one tensor at a time, if they are given so."""
        net: Architecture = self.net
        given: Weights = weights
        for name in self.repeated:
            units = self._more(Units(net), name)
            try:
                net, given = widen(net, given, units)
            except GraphError as error:
                raise GraphError(f"{self.where} is narrower in {name}: {error}") from None
        return {name: self.tensor(name, a) for name, a in fitting(Form.of(net), given).items()}

    def tensor(self, name: str, array: Array) -> Array:
        """Give one tensor with what the network lacks, repeated units being there."""
        items = {atom: self._items[atom] for atom in self.lacking}
        result = laid_out(array, self.units.axes.tensors[name], items, self._grown)
        for family, factor in self._factors:
            for k, place in enumerate(family[0].places):
                if place.owner != name or family[1][k] < 1:
                    continue
                shape, axes = self.units.net.tensors[name].shape, self.units.axes.tensors[name]
                view = view_of(family[0], place, shape, axes, 1)
                scaled = np.array(result, dtype=wide(array.dtype), order="C")
                view.of(scaled)[...] = view.of(scaled) * factor
                result = scaled.astype(array.dtype)
        return result

    def value(self, name: str, array: Array) -> Array:
        """Give samples of a value, (samples, ...), with 0 for what the network lacks."""
        axes = self.units.axes.values[name]
        return laid_out(array, [Extent(len(array)), *axes], self._items, self._sizes)

    def presence(self, axes: Axes, whole: frozenset[Extent]) -> Array:
        """Give 1 where the network has something along these axes, and 0 where it lacks it.

        Of atoms that are `whole` nothing counts as lacking.
        """
        items = {
            atom: np.maximum(self._items[atom], 0) if atom in whole else self._items[atom]
            for atom in self.lacking
        }
        sizes = self._grown
        ones = np.ones([size_of(e, lambda atom: sizes.get(atom, atom.size)) for e in axes], "f4")
        return laid_out(ones, axes, items, sizes)


class Lazy(Mapping[str, Array]):
    """The tensors of a network too large to be kept, each lifted when it is asked for."""

    def __init__(self, embedding: Embedding, weights: Mapping[str, Array]) -> None:
        self.embedding, self.weights = embedding, weights

    def __getitem__(self, name: str) -> Array:
        return self.embedding.tensor(name, self.weights[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.weights)

    def __len__(self) -> int:
        return len(self.weights)


def widest(nets: Sequence[Architecture]) -> Architecture:
    """Give the architecture with as many units of each family as any of some has.

    It is the first that has the most of all, or else made. Raises `GraphError` where they differ
    in more than sizes.
    """
    first = nets[0]
    for k, net in enumerate(nets):
        layers = [[(layer.name, layer.type) for layer in own.layers] for own in (first, net)]
        if layers[0] != layers[1] or first.tensors.keys() != net.tensors.keys():
            raise GraphError(
                f"net[{k}] is {net.name!r} of other layers or tensors than net[0], {first.name!r}; "
                "expected one architecture of different widths"
            )
    if all(net.hash == first.hash for net in nets):
        return first
    every = [Units(net) for net in nets]
    most: dict[str, int] = {}
    for units in every:
        for name, family in units.families.items():
            most[name] = max(most.get(name, 0), family.size)
    for units in every:
        if {name: family.size for name, family in units.families.items()} == most:
            return units.net
    base = max(every, key=lambda units: len(units.families))
    sizes = {
        base[name].atom: size
        for name, size in most.items()
        if name in base.families and size != base[name].size
    }
    return resized(base, sizes)


def check(units: Units, net: Architecture, sizes: dict[Extent, int], where: str) -> None:
    """Raise `GraphError` where an architecture is not the widest with other sizes."""
    own = Resized(units.axes, now(sizes))
    shapes = {name: tensor.shape for name, tensor in net.tensors.items()}
    for name, shape in own.tensors.items():
        if shapes.get(name) != shape:
            raise GraphError(
                f"{where}: {name!r} is {[*shapes.get(name, ())]}, which no number of units makes"
                f" of {list(units.net.tensors[name].shape)}; expected architectures that differ in "
                "what `graphgen.units` lists"
            )
    if dict(own.shapes) != {name: net.shapes.get(name) for name in own.shapes}:
        raise GraphError(f"{where}: values have shapes that no number of units makes")


def items_of(family: Family, size: int, again: bool) -> Indices:
    """Say which of a narrower network's units stands for each of the widest's, or -1."""
    every = np.arange(family.size)
    return every % size if again else np.where(every < size, every, -1)


def unbounded(units: Units) -> frozenset[Extent]:
    """Find the units of which something is divided by, or its logarithm taken: none may be 0."""
    found: set[Extent] = set()
    for operation in units.net.operations:
        primitive = operation.primitive
        prepared = getattr(primitive, "prepared", None)
        odd = prepared is not None and prepared.kind == "norm" and not prepared.eps
        if isinstance(primitive, Elementwise) and primitive.function in FUNCTIONS:
            with np.errstate(all="ignore"):
                odd = not np.isfinite(NUMPY[Elementwise](primitive, np.zeros((1, 1)))).all()
        if odd:
            found |= {a for e in units.axes.values[operation.output] for a in atoms(e)}
    return frozenset(found)


def factors(
    units: Units, before: Resized, net: Architecture, where: str
) -> list[tuple[tuple[Family, tuple[int, ...]], float]]:
    """Find families that make up for constants which tell a width, with what they are scaled by."""
    linear = None
    found = []
    own = {operation.output: operation for operation in net.operations}
    wanted = {o.output: o for row in before.operations.values() for o in row}
    makers = {operation.output: operation for operation in units.net.operations}
    if own.keys() != wanted.keys():
        raise GraphError(f"{where} has other operations than the widest")
    for name, operation in wanted.items():
        if own[name].primitive == operation.primitive:
            continue
        factor = ratio(own[name], operation)
        family = None if factor is None else queried(units, makers, operation)
        if family is not None:
            linear = sides(units) if linear is None else linear
        if factor is None or family is None or linear is None or family.name not in linear:
            raise GraphError(
                f"{where} is other than the widest at layer {operation.layer!r}, "
                f"{own[name].primitive} in place of {operation.primitive}, and nothing makes up "
                "for it; give both the same"
            )
        found.append(((family, linear[family.name].signs), factor))
    return found


def ratio(own: Operation, wanted: Operation) -> float | None:
    """Say what a network scales by, in parts of what is wanted; None if it is something else."""
    a, b = own.primitive, wanted.primitive
    if not isinstance(a, Elementwise) or not isinstance(b, Elementwise):
        return None
    if a.function != "scale_by" or b.function != "scale_by" or a.axis != b.axis:
        return None
    one, other = float(dict(a.arguments)["factor"]), float(dict(b.arguments)["factor"])
    return one / other if other else None


def queried(units: Units, makers: Mapping[str, Operation], scale: Operation) -> Family | None:
    """Find the units over which the product in front of a scale sums."""
    operation: Operation | None = scale
    while operation is not None and isinstance(operation.primitive, Elementwise):
        if operation.primitive.function not in PASSING:
            return None
        operation = makers.get(operation.inputs[0])
    if operation is None or not isinstance(operation.primitive, Contract):
        return None
    primitive = operation.primitive
    if primitive.values != 2:
        return None
    for letter, extent in zip(
        primitive.operands[0], units.axes.values[operation.inputs[0]], strict=True
    ):
        if letter not in primitive.output:
            return units.atoms.get(extent.root)
    return None
