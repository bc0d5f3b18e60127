"""All exact symmetries of an architecture, as families that give elements."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphgen.compile import template
from graphgen.families.bonds import bonds
from graphgen.families.discrete import Permutations, SignsAndScales
from graphgen.families.flow import Flow
from graphgen.families.linear_maps import LinearMaps
from graphgen.families.phases import Phases
from graphgen.families.shifts import Shifts, shifts
from graphgen.sources import Net, Weights, architecture_from
from graphgen.symmetry import Symmetries
from graphgen.symmetry.scalings import MOST_NEURONS, Scalings
from graphgen.symmetry.turns import turns
from spec import Architecture


class SymmetryElement(Protocol):
    """One symmetry: a change of weights that the network's function does not see."""

    def apply(self, weights: Weights) -> dict[str, NDArray[Any]]:
        """Change a network's weights, arrays or a file."""


class SymmetryFamily(Protocol):
    """Exact symmetries of one kind, at one place of an architecture.

    `kind` is one of "permutations", "signs and scales", "phases", "linear maps", "orthogonal maps",
    "rotary maps" and "shifts"; `where` has the names of the tensors that change; `dimension` is the
    number of real parameters of an element, 0 of a discrete family.
    """

    @property
    def name(self) -> str:
        """What tells it from the architecture's other families."""

    @property
    def kind(self) -> str:
        """What its elements are."""

    @property
    def where(self) -> tuple[str, ...]:
        """The tensors that change."""

    @property
    def dimension(self) -> int:
        """The number of real parameters of an element."""

    def sample(self, rng: np.random.Generator) -> SymmetryElement:
        """Draw an element."""


def symmetry_families(net: Net) -> tuple[SymmetryFamily, ...]:
    """Derive all exact symmetries of an architecture: families, each at one place.

        for family in graphgen.symmetry_families(net):
            print(family)                                  # what, where, and of which dimension
            other = family.sample(rng).apply(weights)      # another network, the same function

    `net` is an architecture, or a file or a name of one. Beside the permutations
    (`graphgen.symmetries`) and the signs and scales (`graphgen.scalings`): invertible maps of any
    space between tensors that write and read it linearly, such as the queries and keys of a head,
    its values and its output, or the rank of an adapter, and with rotary positions those that
    commute with the turning; orthogonal maps of a residual stream, beside the mean where layer
    norms read it; half turns of sines and cosines; and what may be added to tensors because a
    softmax or a norm takes it away, such as the bias of keys. All are read off the axes and
    operations. A family without elements but the neutral one is left out, and so are the signs and
    scales of more than ten million neurons.
    """
    net = architecture_from(net)
    structure = template(net)
    families: list[SymmetryFamily] = []
    group = Symmetries(structure, turns(net))
    if group.runs:
        families.append(Permutations(group))
    if structure.num_nodes <= MOST_NEURONS:
        scalings = Scalings(structure)
        if len(scalings.roots):
            families.append(SignsAndScales(scalings))
        if (phases := Phases(structure)).waves:
            families.append(phases)
    return (*families, *continuous(net))


def continuous(net: Architecture) -> list[LinearMaps | Shifts]:
    """Derive the families of maps and of shifts."""
    flow = Flow.of(net)
    names = Names(net)
    maps = [LinearMaps(net, bond, names.of(bond.frames)) for bond in bonds(flow)]
    moved = [Shifts(net, rooms, names.of(rooms)) for rooms in shifts(net, flow.axes)]
    return [family for family in (*maps, *moved) if family.dimension]


class Names:
    """Names of families: the layer that reads the first tensor, and a number."""

    def __init__(self, net: Architecture) -> None:
        self.layers = {
            tensor: op.layer for op in reversed(net.operations) for tensor in op.parameters
        }
        self.taken: set[str] = set()

    def of(self, slots: Any) -> str:
        """Name what some slots or rooms are of."""
        first = next(iter(slots))
        tensor = getattr(first, "owner", None) or first.tensor
        base = self.layers.get(tensor, tensor)
        name, number = base, 2
        while name in self.taken:
            name, number = f"{base}:{number}", number + 1
        self.taken.add(name)
        return name
