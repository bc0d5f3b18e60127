"""How slots go through operations: what of two is the same map, its inverse transpose, or stops.

An operation relates a slot of its output to those that it comes from, where it is linear along it
and treats its items alike: a matrix along one is then a matrix along the other. A sum over two
slots relates one to the other, as `x^T y = (M x)^T (M^-T y)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from graphgen.families.slots import Sides, Slot
from graphgen.units.axes import AxesOf
from graphgen.units.extents import Extent, atoms
from spec import Architecture, Operation

SAME, DUAL, GAIN = "same", "dual", "gain"
ORTHOGONAL, CENTRED = "orthogonal", "centred"
Slots = list[Slot]


@dataclass(frozen=True)
class Relation:
    """What one slot is to another: the same map, its inverse transpose, or scaled by a tensor."""

    one: Slot
    other: Slot
    kind: str
    gain: Slot | None = None


@dataclass
class Flow:
    """The slots of an architecture: what relates them, what stops maps, and what maps have to be.

    `apart` has for slots, and `mixed` for atoms, the atoms whose items they meet across.
    """

    net: Architecture
    axes: AxesOf
    sides: Sides
    relations: list[Relation] = field(default_factory=list)
    stopped: set[Slot] = field(default_factory=set)
    demands: dict[Slot, set[str]] = field(default_factory=dict)
    apart: dict[Slot, set[Extent]] = field(default_factory=dict)
    mixed: dict[Extent, set[Extent]] = field(default_factory=dict)

    @staticmethod
    def of(net: Architecture) -> Flow:
        """Follow all operations of an architecture."""
        from graphgen.families.flow_rules import RULES, other

        axes = AxesOf(net)
        flow = Flow(net, axes, Sides(axes.values, axes.tensors))
        for name in (*net.inputs, *net.outputs):
            flow.stop(*flow.sides.values[name])
        for tensor in net.tensors.values():
            if not tensor.trainable or not tensor.dtype.startswith("float"):
                flow.stop(*flow.sides.tensors[tensor.name])
        for operation in net.operations:
            RULES.get(type(operation.primitive), other)(flow, operation)
        for along, others in axes.mixed:
            met = {atom for axis in along for atom in atoms(axis)}
            for atom in {atom for axis in others for atom in atoms(axis)}:
                flow.mixed.setdefault(atom, set()).update(met)
        return flow

    def all(self) -> Iterable[Slot]:
        """List all slots."""
        sides = (*self.sides.values.values(), *self.sides.tensors.values())
        return (slot for side in sides for axis in side for slot in axis)

    def stop(self, *axes: Slots) -> None:
        """Let no map run along these."""
        self.stopped.update(chain(*axes))

    def demand(self, slots: Iterable[Slot], *words: str) -> None:
        """Say what a map along these has to be."""
        for slot in slots:
            self.demands.setdefault(slot, set()).update(words)

    def relate(self, one: Slots, other: Slots, kind: str = SAME, gain: Slots | None = None) -> None:
        """Relate slots along two axes that have the same; stop all where they have not."""
        gains: list[Slot | None] = [None] * len(one) if gain is None else [*gain]
        atoms_of = [[s.atom for s in side if s is not None] for side in (one, other, gains)]
        if atoms_of[0] != atoms_of[1] or (gain is not None and atoms_of[2] != atoms_of[0]):
            self.stop(one, other)
            return
        self.relations += [
            Relation(a, b, kind, g) for a, b, g in zip(one, other, gains, strict=True)
        ]

    def operands(self, op: Operation) -> tuple[list[list[Slots]], list[list[Slots]], list[Slots]]:
        """Give the slots of an operation's inputs, tensors and output."""
        inputs = [self.sides.values[name] for name in op.inputs]
        tensors = [self.sides.tensors[name] for name in op.parameters]
        return inputs, tensors, self.sides.values[op.output]
