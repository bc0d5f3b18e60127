"""The axes of all values and tensors of an architecture, and what ties and holds their items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from graphgen.units.extents import Extent, OddCutError, align, atoms, product, split, unify
from spec import Architecture, Operation
from spec.primitives import Learned, Primitive

Axes = list[Extent]
Rules: TypeAlias = "Mapping[type[Primitive], Callable[[AxesOf, Operation], Axes]]"


@dataclass(frozen=True)
class Note:
    """What is said of the items of an extent, and by which layer."""

    extent: Extent
    says: str
    layer: str


class AxesOf:
    """The extents of the axes of each value and tensor.

    `held` say why items may not go; `joint` why what is left of a network without them is not the
    network in which they are zero; `roles` what they are for. `parts` are what an operation's own
    numbers count: groups, and the extents before a slice; `mixed` are axes along which items meet
    one another, and those along which they do not. `divided` says of an operation and a tensor
    that it reads which axes are summed over there; `summed` are sums that no tensor takes part in.
    `learned` are values that are tensors: which.
    """

    def __init__(self, net: Architecture, rules: Rules | None = None) -> None:
        from graphgen.units.rules import RULES

        rules = RULES if rules is None else rules
        self.net = net
        self.values: dict[str, Axes] = {}
        self.tensors: dict[str, Axes] = {}
        self.held: list[Note] = []
        self.joint: list[Note] = []
        self.roles: list[Note] = []
        self.parts: dict[str, Axes] = {}
        self.mixed: list[tuple[Axes, Axes]] = []
        self.summed: list[Note] = []
        self.divided: dict[tuple[str, str], list[tuple[int, Extent]]] = {}
        self.learned: dict[str, str] = {}
        # A tensor's value has an operand that says how many samples there are.
        self._readers = Counter(
            name
            for o in net.operations
            if not isinstance(o.primitive, Learned)
            for name in o.inputs
        )
        self._readers.update(net.outputs)
        for name, shape in net.inputs.items():
            self.values[name] = new(shape)
            self.hold(self.values[name], f"the input `{name}`", "")
        for tensor in net.tensors.values():
            self.tensors[tensor.name] = new(tensor.shape)
        for operation in net.operations:
            out = rules[type(operation.primitive)](self, operation)
            self.values[operation.output] = out
        for name in net.outputs:
            self.hold(self.values[name], f"the output `{name}`", "")

    def hold(self, axes: Iterable[Extent], says: str, layer: str) -> None:
        """Note why items may not go."""
        self.held += [Note(axis, says, layer) for axis in axes if axis.size > 1]

    def join(self, axes: Iterable[Extent], says: str, layer: str) -> None:
        """Note that items are counted together."""
        self.joint += [Note(axis, says, layer) for axis in axes if axis.size > 1]

    def divide(self, operation: Operation, place: int, axis: int, extent: Extent) -> None:
        """Note that an operation sums over items of an axis of a tensor."""
        key = operation.output, operation.parameters[place]
        self.divided.setdefault(key, []).append((axis, extent))

    def divide_learned(self, read: Mapping[str, int], extent: Extent) -> bool:
        """Note a sum over items of values, by one of them that is a tensor and only read there."""
        for name, axis in read.items():
            if name in self.learned and self._readers[name] == 1:
                self.divided.setdefault((name, self.learned[name]), []).append((axis, extent))
                return True
        return False

    def mix(self, along: Axes, others: Axes) -> None:
        """Note that items meet one another along some axes, for each item of others by itself."""
        self.mixed.append((along, others))

    def role(self, axes: Iterable[Extent], says: str, layer: str) -> None:
        """Note what items are for."""
        self.roles += [Note(axis, says, layer) for axis in axes if axis.size > 1]

    def tie(self, one: Extent, other: Extent, layer: str) -> None:
        """Make what runs along two axes one; hold both where that cannot be said."""
        try:
            unify(one, other)
        except OddCutError:
            self.hold((one, other), "cuts that do not nest", layer)

    def reshape(self, one: Axes, other: Axes, layer: str) -> None:
        """Make the products of some axes one; hold all where that cannot be said."""
        try:
            align(one, other)
        except OddCutError:
            self.hold((*one, *other), "a reshape that cuts through them", layer)

    def split(self, extent: Extent, bounds: list[int], layer: str) -> Axes:
        """Cut an extent at some places; hold it where that cannot be said."""
        try:
            return split(extent, bounds)
        except OddCutError:
            self.hold((extent,), "a part that cuts through them", layer)
            cuts = sorted({0, extent.size, *bounds})
            found = new([b - a for a, b in pairwise(cuts)])
            self.hold(found, "a part that cuts through them", layer)
            return found

    def inputs(self, operation: Operation) -> list[Axes]:
        """List the axes of an operation's inputs."""
        return [self.values[name] for name in operation.inputs]

    def parameters(self, operation: Operation) -> list[Axes]:
        """List the axes of an operation's tensors."""
        return [self.tensors[name] for name in operation.parameters]

    def fresh(self, operation: Operation) -> Axes:
        """Make new axes for an operation's output."""
        return new(self.net.shapes[operation.output])


def new(shape: Iterable[int]) -> Axes:
    """Make an atom for each axis."""
    return [Extent(size) for size in shape]


def grouped(count: int, size: int) -> tuple[Extent, Extent, Extent]:
    """Make an extent of groups; give it, and the extents of groups and of what is in each."""
    groups, within = Extent(count), Extent(size // count)
    return product([groups, within]) if size > 1 else Extent(1), groups, within


def held_by(notes: list[Note]) -> dict[Extent, list[Note]]:
    """Sort notes by the atoms that they speak of."""
    found: dict[Extent, list[Note]] = {}
    for note in notes:
        for atom in atoms(note.extent):
            found.setdefault(atom, []).append(note)
    return found
