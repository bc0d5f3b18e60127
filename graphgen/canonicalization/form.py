"""The canonical form of a network's weights, and its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.canonicalization.frames import UndecidedError, canonical_maps
from graphgen.canonicalization.ordering import Order
from graphgen.canonicalization.probes import probes, signs
from graphgen.canonicalization.waves import Levels
from graphgen.checkpoint import Form
from graphgen.compile import template
from graphgen.errors import GraphError, concerning, described
from graphgen.evaluate import run_architecture
from graphgen.families.derivation import continuous
from graphgen.families.linear_maps import Arrays, LinearMaps
from graphgen.families.shifts import Shifts
from graphgen.finite import check_finite
from graphgen.fitting import fitting
from graphgen.matching.matching import flag
from graphgen.sources import Net, Weights, network_from, place_of
from graphgen.symmetry import Symmetries
from spec import Architecture

SAMPLES = 32
SKETCHES = 4
RESOLUTION = {8: 1e-4, 4: 1e-3, 2: 1e-2, 1: 1e-1}
"""To what the sums that are hashed are rounded, by the bytes of the coarsest weights."""
CHECKS = 2
AGREED = 1e-6
"""How far, beside their norm, two forms of one class may be."""
CLOSE = 1e-3
"""A number of which less than this part of the resolution lies between it and a boundary."""


@dataclass(frozen=True, repr=False)
class CanonicalForm:
    """The canonical form of a network: weights that all networks of its class have in common.

    `weights` are in double precision. `undecided` says what was left as it was, and why: then two
    networks of one class may have other forms. `clear` is the smallest relative distance of any
    decision (an order, a sign, a basis) from a tie: rounding is magnified by up to its inverse.
    """

    net: Architecture
    weights: Mapping[str, NDArray[np.float64]]
    undecided: tuple[str, ...]
    clear: float
    resolution: float

    def distance(self, other: CanonicalForm) -> float:
        """Say how far another form is: Euclidean, over all tensors, beside the norm of this one.

        Raises `GraphError` for a form of another architecture.
        """
        if not isinstance(other, CanonicalForm) or other.net.hash != self.net.hash:
            raise GraphError(
                f"`other` is {described(other)}; expected a canonical form of {self.net.name!r}"
            )
        apart = norm(array - other.floats[name] for name, array in self.floats.items())
        return apart / (norm(self.floats.values()) or 1.0)

    @cached_property
    def floats(self) -> dict[str, NDArray[np.float64]]:
        """The weights that are no counts."""
        return {name: a for name, a in self.weights.items() if a.dtype.kind == "f"}

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """What is hashed, in units of `resolution`: of each tensor its size and a few sums."""
        whole = norm(self.floats.values()) or 1.0
        # Tensors are told by their parts of the whole, so that its size has to be told, too.
        found = [float(np.log(whole))]
        for place, array in enumerate(self.floats.values()):
            size = norm([array])
            # What is nothing but the rounding of something else has no digits.
            if size <= 1e-3 * self.resolution * whole:
                found += [0.0] * (SKETCHES + 1)
                continue
            found.append(float(np.log(size / whole)))
            for k in range(SKETCHES):
                mixed = signs(f"sketch {place} {k}", array.size).reshape(array.shape)
                found.append(float((array * mixed).sum()) / size)
        return np.array(found) / self.resolution

    @property
    def margin(self) -> float:
        """How far, in units of `resolution`, the nearest number is from where the hash changes."""
        away = np.abs(self.numbers % 1 - 0.5)
        return float(away[self.numbers != 0].min(initial=0.5))

    @property
    def hash(self) -> str:
        """A hash of the form: equal for networks of one class, up to rounding.

        Sums of each tensor are rounded to `resolution` before. Where `margin` is tiny, one of them
        lies so near to where it is rounded the other way that another machine may do so: compare
        such forms by `distance`. Raises `GraphError` where the form is not decided.
        """
        if self.undecided:
            raise GraphError(
                f"the canonical form of {self.net.name!r} is not decided, so it has no hash: "
                f"{'; '.join(self.undecided)}; graphgen.match compares two such networks"
            )
        rounded = [int(n) for n in np.rint(self.numbers)]
        return hashlib.sha256(json.dumps([self.net.hash, rounded]).encode()).hexdigest()

    def __repr__(self) -> str:
        parts = [f"clear to {self.clear:.1e}"]
        if self.undecided:
            parts.append(f"{len(self.undecided)} undecided")
        else:
            parts.append(self.hash[:12])
            if self.margin < CLOSE:
                parts.append("near a boundary of its hash")
        return f"<CanonicalForm of {self.net.name}: {', '.join(parts)}>"


def wide(given: Arrays) -> Arrays:
    """Give arrays in double precision; counts stay as they are."""
    kinds = {name: np.asarray(array) for name, array in given.items()}
    return {n: a if a.dtype.kind in "iub" else a.astype(np.float64) for n, a in kinds.items()}


def norm(arrays: Any) -> float:
    """Give the Euclidean norm of some arrays together, also of numbers whose squares are none."""
    listed = [*arrays]
    top = max((float(np.abs(array).max(initial=0)) for array in listed), default=0.0)
    if not 0 < top < np.inf:
        return top
    return top * float(np.sqrt(sum(float(np.square(array / top).sum()) for array in listed)))


def canonical(net: Net, weights: Weights | None, check: bool = True) -> CanonicalForm:
    """Bring a network to canonical form: one for all that exact symmetries make of it.

        form = graphgen.canonical(net, weights)
        form.hash == graphgen.canonical(net, b).hash          # are they one network?
        form.weights                                          # computes what `weights` compute

    All of `graphgen.symmetry_families` is taken out, by what the network computes on 32 fixed
    inputs (or twice as many as the widest space between linear maps has dimensions): shifts are
    removed, spaces get the basis in which two moments of their values are diagonal, neurons their
    signs, sizes and phases by the weights around them, and runs of exchangeable neurons, heads
    and branches are sorted by their values, those of equal values by their weights. It costs two
    evaluations and no search; `check` does it twice more, for random networks of the same class,
    which have to come to the same form. Where something does not decide, the form says so in
    `undecided`. `net` and `weights` may be files, and the weights None for a model that has its
    own. Raises `GraphError` for weights that do not fit and for values that are not finite.
    """
    architecture, given = network_from(net, weights)
    return Canonicalizer(architecture).form(given, flag(check, "check"))


class Canonicalizer:
    """What is found once for an architecture, and used for many networks of it."""

    def __init__(self, net: Architecture) -> None:
        self.net = net
        self.structure = template(net)
        families = continuous(net)
        self.maps = [own for own in families if isinstance(own, LinearMaps)]
        self.shifts = [own for own in families if isinstance(own, Shifts)]
        self.levels = Levels(self.structure)
        self.group = Symmetries(self.structure)
        self.order = Order(net, self.group)
        widest = max((own.group.size for own in self.maps), default=0)
        self.inputs = probes(net, max(SAMPLES, 2 * widest))

    def form(self, weights: Weights, check: bool = True) -> CanonicalForm:
        """Give the canonical form of one network; `check` it on another of its class."""
        given = fitting(Form.of(self.net), weights)
        with concerning(place_of(weights)):
            check_finite(given)
        kinds = {np.asarray(a).dtype for a in given.values()}
        coarsest = min((k.itemsize for k in kinds if k.kind not in "iub"), default=8)
        form = replace(self.brought(wide(given)), resolution=RESOLUTION[coarsest])
        rng = np.random.default_rng(0)
        for _ in range(CHECKS if check and not form.undecided else 0):
            other = self.brought(self.moved(dict(form.weights), rng))
            if other.undecided or not form.distance(other) <= AGREED:
                said = "another network of the same class was brought to another form"
                return replace(form, undecided=(said,))
        return form

    def brought(self, now: Arrays) -> CanonicalForm:
        """Bring weights in double precision to their form."""
        undecided: list[str] = list(self.group.statements)
        clear = 1.0
        for family in self.shifts:
            now = family.removal(now).moved(now)
        if self.maps:
            wanted = [slot.owner for own in self.maps for slot in own.bond.values]
            values = self.values(now, wanted)
            for space in self.maps:
                try:
                    maps, own = canonical_maps(space, values)
                except UndecidedError as error:
                    undecided.append(f"{space.name}: {error}")
                    continue
                now, clear = space.element(maps).moved(now), min(clear, own)
        now, own, left = self.levels.put(now)
        undecided, clear = undecided + left, min(clear, own)
        if self.group.runs:
            values = self.values(now, self.order.values)
            now, own, left = self.order.put(now, values)
            undecided, clear = undecided + left, min(clear, own)
        return CanonicalForm(self.net, now, tuple(undecided), clear, RESOLUTION[8])

    def moved(self, now: Arrays, rng: np.random.Generator) -> Arrays:
        """Apply a random element of each family."""
        for family in self.shifts:
            now = family.sample(rng).moved(now)
        for space in self.maps:
            now = space.sample(rng).moved(now)
        now = self.levels.moved(now, rng)
        return self.group.sample(rng).moved(now)

    def values(self, weights: Arrays, names: list[str]) -> dict[str, NDArray[Any]]:
        """Compute some values on the fixed inputs."""
        wanted = tuple(dict.fromkeys(name for name in names))
        inputs = dict(zip(self.net.inputs, self.inputs, strict=True))
        computed = tuple(name for name in wanted if name not in inputs)
        net = replace(self.net, outputs=computed)
        with np.errstate(all="ignore"):
            results = run_architecture(net, weights, self.inputs)
        found = dict(zip(computed, results, strict=True))
        return {name: found[name] if name in found else inputs[name] for name in wanted}
