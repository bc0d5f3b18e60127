"""The derivation of units: from the axes of an architecture to families of what may leave it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from graphgen.errors import GraphError
from graphgen.sources import Net, architecture_from
from graphgen.units import table
from graphgen.units.axes import AxesOf, held_by
from graphgen.units.branches import Branch, Branches, branches_of
from graphgen.units.extents import Extent
from graphgen.units.families import Family, Unit, count, slices_of
from graphgen.units.kinds import kind_of
from graphgen.units.nesting import nesting, occurrences
from spec import Architecture


@dataclass(frozen=True)
class Held:
    """Items that may not go: an axis of a tensor that has them, how many, and why."""

    tensor: str
    axis: int
    size: int
    why: tuple[str, ...]


class Units:
    """What may leave a network, as families of units of one kind.

    `families` are by name, `branches` are what leaves as whole layers, `held` is what stays.
    """

    def __init__(self, net: Architecture) -> None:
        self.net = net
        self.axes = AxesOf(net)
        self.families: dict[str, Family] = {}
        self.branches: dict[str, Branches] = {}
        self.held: list[Held] = []
        tensors = occurrences(self.axes.tensors)
        inside = nesting(self.axes, occurrences(self.axes.values), tensors)
        held, joint = held_by(self.axes.held), held_by(self.axes.joint)
        roles = held_by(self.axes.roles)
        layers = {tensor: o.layer for o in reversed(net.operations) for tensor in o.parameters}
        for atom, places in tensors.items():
            if atom in held:
                why = dict.fromkeys(
                    note.says + (f" ({note.layer})" if note.layer else "") for note in held[atom]
                )
                self.held.append(Held(places[0].owner, places[0].axis, atom.size, tuple(why)))
                continue
            layer = layers.get(places[0].owner, places[0].owner)
            kind = kind_of(atom, inside, roles, tensors)
            name = self._name(f"{layer}/{kind}" if layer else kind)
            outer = tuple(inside[atom])
            first = slices_of(tuple(places), dict.fromkeys((atom, *outer), 0))
            trained = (one for one in first if one.tensor in net.parameters)
            together = dict.fromkeys(f"{n.says} ({n.layer})" for n in joint.get(atom, []))
            self.families[name] = Family(
                net.hash, name, kind, atom.size, tuple(e.size for e in outer),
                count(trained, net.parameters), tuple(together), atom, outer, tuple(places),
            )  # fmt: skip
        for branches in branches_of(net):
            name = self._name(branches.name)
            self.branches[name] = replace(branches, name=name)

    def _name(self, name: str) -> str:
        number = 2
        found = name
        while found in self.families or found in self.branches:
            found, number = f"{name}:{number}", number + 1
        return found

    def __iter__(self) -> Iterator[Unit]:
        return (unit for family in self.families.values() for unit in family)

    def __len__(self) -> int:
        return sum(map(len, self.families.values()))

    def __getitem__(self, name: str) -> Family:
        if name not in self.families:
            raise GraphError(f"there is no family of units {name!r}; {self._known(name)}")
        return self.families[name]

    def unit(self, name: str) -> Unit | Branch:
        """Give a unit or a branch by its name, as `found.unit("conv1/channel[3]")`."""
        match = re.fullmatch(r"(.+)\[([\d, ]+)\]", name)
        if match is None:
            raise GraphError(f"there is no unit {name!r}; expected a family with numbers, as x[3]")
        family, numbers = match[1], [int(n) for n in match[2].split(",") if n.strip()]
        try:
            if family in self.branches and len(numbers) == 1:
                return self.branches[family][numbers[0]]
            return self[family][tuple(numbers)]
        except IndexError as error:
            raise GraphError(f"there is no unit {name!r}: {error}") from None

    def _known(self, name: str) -> str:
        if name in self.branches:
            return "it is one of `branches`"
        return f"there are {', '.join(self.families) or 'none'}"

    @cached_property
    def atoms(self) -> dict[Extent, Family]:
        """The families by what runs over their units."""
        return {family.atom: family for family in self.families.values()}

    def __repr__(self) -> str:
        count = sum(map(len, self.branches.values()))
        more = f", {count} branch{'es' * (count > 1)}" if count else ""
        return f"<Units of {self.net.name}: {len(self):,} in {len(self.families)} families{more}>"

    def __str__(self) -> str:
        return table.write(self)


def units(net: Net) -> Units:
    """Derive what may leave a network: the smallest sets of slices that go together.

        found = graphgen.units("resnet")
        print(found)                                   # families, and what stays with why
        found["conv1/channel"][3].slices               # tensor, axis, indices
        [*found.branches]                              # bodies of residual blocks, alike branches

    `net` is an architecture, or a file or a name of one. A unit is a channel, head, group, expert
    or hidden unit with everything that is tied to it by skips, concats, norms and groups. What is
    tied is read off the axes of all values, never off names; items of inputs, outputs, kernels and
    of whatever tells them apart stay. Whole operands of sums are `branches`, beside the families.
    """
    return Units(architecture_from(net))
