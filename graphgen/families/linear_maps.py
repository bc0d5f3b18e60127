"""Matrices between the tensors that write a space and those that read it, as a family."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint import Form
from graphgen.errors import GraphError, instance
from graphgen.families.bonds import Bond, Frame
from graphgen.families.maps import Floats, MapGroup
from graphgen.families.slots import Slot, moved, seen
from graphgen.fitting import fitting
from graphgen.sources import Weights
from spec import Architecture

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class LinearMap:
    """One choice of matrices, (contexts, n, n)."""

    family: LinearMaps
    maps: Floats

    def apply(self, weights: Weights) -> Arrays:
        """Multiply what writes the space by the matrices, and what reads it by their inverses.

        Raises `GraphError` for weights that do not fit, and where a scale that stands between is 0.
        """
        return self.moved(fitting(Form.of(self.family.net), weights))

    def moved(self, weights: Arrays) -> Arrays:
        """Change weights that are known to fit; see `apply`."""
        return self.family.applied(self.maps, weights)


class LinearMaps:
    """Invertible, orthogonal or complex maps of the space between some tensors."""

    def __init__(self, net: Architecture, bond: Bond, name: str) -> None:
        self.net, self.bond, self.name = net, bond, name
        self.group = MapGroup(bond.atom.size, bond.demands)
        self.copies = prod(atom.size for atom in bond.context)

    @property
    def kind(self) -> str:
        """What its elements are."""
        if self.group.paired:
            return "rotary maps"
        return "orthogonal maps" if self.group.orthogonal else "linear maps"

    @property
    def where(self) -> tuple[str, ...]:
        """The tensors that change."""
        return tuple(dict.fromkeys(slot.owner for slot in self.bond.frames))

    @property
    def dimension(self) -> int:
        """The number of parameters of an element."""
        return self.copies * self.group.dimension

    def __repr__(self) -> str:
        each = f", for each of {self.copies}" if self.bond.context else ""
        return f"<{self.kind} at {self.name}: {self.group}{each}; dimension {self.dimension:,}>"

    def sample(self, rng: np.random.Generator) -> LinearMap:
        """Draw matrices: orthogonal parts uniformly, what stretches log-normally around 1."""
        instance(rng, np.random.Generator, "rng", "numpy.random.default_rng(0)")
        return LinearMap(self, self.group.sample(rng, self.copies))

    def element(self, maps: Floats) -> LinearMap:
        """Give the element of some matrices of the group, (contexts, n, n)."""
        return LinearMap(self, maps)

    def applied(self, maps: Floats, given: Arrays) -> Arrays:
        """Apply matrices to weights that are known to fit; see `LinearMap.apply`."""
        result = dict(given)
        duals = np.linalg.inv(maps).transpose(0, 2, 1)
        for slot, frame in self.bond.frames.items():
            own = duals if frame.dual else maps
            if frame.gains:
                scale = self.scale(frame, given)
                own = scale[:, :, None] * own / scale[:, None, :]
            if slot.owner not in result or result[slot.owner] is given[slot.owner]:
                result[slot.owner] = np.array(given[slot.owner], order="C")
            moved(result[slot.owner], slot, self.bond.context, own)
        return result

    def scale(self, frame: Frame, weights: Arrays) -> Floats:
        """Multiply the gains on the way to a slot, (contexts, n)."""
        shape = (*(atom.size for atom in self.bond.context), self.bond.atom.size)
        result = np.ones(shape)
        for gain, power in frame.gains:
            own = self.gain(gain, weights)
            if not own.all():
                raise GraphError(
                    f"{gain.owner!r} has zeros, which no map goes through: {self.name} is a "
                    "symmetry only where they are not 0; prune these channels, or keep to others"
                )
            result = result * own**power
        return result.reshape(self.copies, -1)

    def gain(self, gain: Slot, weights: Arrays) -> Floats:
        """Give a gain's values along the bond, with 1 along contexts that it does not have."""
        context = tuple(atom for atom in self.bond.context if atom in gain.around)
        array = np.ascontiguousarray(weights[gain.owner]).astype(np.float64)
        view = seen(array, gain, context)
        sizes = [a.size if a in context else 1 for a in self.bond.context]
        return view.reshape(*sizes, self.bond.atom.size)
