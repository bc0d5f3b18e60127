"""An audit of any metanet: which exact symmetries its predictions keep, and what it cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import graphgen
from graphgen.sources import Net, architecture_from
from graphgen.testing import random_inputs, random_weights, tolerance
from metanet.batch import Batch
from metanet.errors import MetanetError
from metanet.models.metanet import Metanet
from metanet.options import shown
from metanet.testing.other_functions import WAYS, Arrays, Floats, Way
from spec import Architecture

TAKES = ("state_dict", "tensors", "graph")
OTHER = 1e-6
"""Two functions whose outputs differ by less than this, beside their size, count as one."""


@dataclass(frozen=True)
class Kept:
    """One family of symmetries, and by how much predictions change under its elements.

    `change` is the largest change of any output, in units of its spread between networks.
    """

    family: str
    kind: str
    dimension: int
    change: float
    keeps: bool


@dataclass(frozen=True)
class Collision:
    """One way to make another function of a network, and how often predictions stay as they are.

    `first` names the first case.
    """

    way: str
    tried: int
    collided: int
    first: str


@dataclass(frozen=True)
class Audit:
    """What a metanet keeps and breaks, and what it cannot tell apart; prints as a table."""

    architecture: str
    networks: int
    spread: tuple[float, ...]
    families: tuple[Kept, ...]
    collisions: tuple[Collision, ...]
    limit: float = field(repr=False)

    @property
    def keeps(self) -> tuple[str, ...]:
        """The families that change no prediction."""
        return tuple(own.family for own in self.families if own.keeps)

    @property
    def breaks(self) -> tuple[str, ...]:
        """The families that change predictions."""
        return tuple(own.family for own in self.families if not own.keeps)

    @property
    def collides(self) -> bool:
        """Whether two different functions have one prediction."""
        return any(own.collided for own in self.collisions)

    def __str__(self) -> str:
        head = f"{len(self.keeps)} of {len(self.families)} families of symmetries kept"
        lines = [f"{self.architecture}, {self.networks} networks: {head}"]
        rows = [("", "symmetry", "at", "dimension", "change")]
        rows += [
            ("kept" if own.keeps else "BROKEN", own.kind, own.family,
             f"{own.dimension:,}", f"{own.change:.2g}")
            for own in self.families
        ]  # fmt: skip
        lines += table(rows)
        rows = [("", "another function", "tried", "collided", "first")]
        rows += [
            ("COLLIDES" if own.collided else "told", own.way, str(own.tried), str(own.collided),
             own.first)
            for own in self.collisions
        ]  # fmt: skip
        note = f"changes are in units of the spread between networks; up to {self.limit:g} is kept"
        return "\n".join([*lines, "", *table(rows), "", note])


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Write rows in columns."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def audit(
    model: Callable[..., Any],
    net: Net,
    networks: Sequence[Mapping[str, NDArray[Any]]] | int = 8,
    takes: str = "state_dict",
    count: int = 2,
    rng: np.random.Generator | None = None,
) -> Audit:
    """Find out which exact symmetries a metanet keeps, which it breaks, and what it cannot tell.

        print(audit(metanet.GMN(hidden=8, layers=1).double(), net))
        print(audit(lambda tensors: sum(t.sum() for t in tensors), net, takes="tensors"))

    `model` is a metanet of this package, or any function that gives a prediction (numbers, in any
    shape) of one network: of its `state_dict` (tensors of torch by name), of its `tensors` (a list
    in the order of `net.parameters`), or of its `graph` (a `graphgen.Graph`), as `takes` says.
    `networks` are weights of some networks of the architecture, or how many are drawn at random.

    `count` elements of each of `graphgen.symmetry_families(net)` are applied to each network, and
    the change of the prediction compared with the standard deviation between networks. Then other
    functions are made of each network: entries of a tensor shuffled, an axis of one tensor permuted
    alone, two tensors of one shape exchanged; those whose outputs differ and whose predictions do
    not have collided. A module is called in evaluation mode and in the dtype of its parameters,
    anything else in float64. Raises `MetanetError` for predictions that are no finite numbers.
    """
    architecture = architecture_from(net)
    if not callable(model):
        raise MetanetError(f"`model` is {shown(model)}, expected a metanet or a function")
    if takes not in TAKES:
        raise MetanetError(f"`takes` is {shown(takes)}, expected one of {', '.join(TAKES)}")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise MetanetError(f"`count` is {shown(count)}, expected an integer of 1 or more")
    rng = np.random.default_rng(0) if rng is None else rng
    weights = given(architecture, networks, rng)
    task = Task(architecture, Called(model, architecture, takes), rng)
    expected = np.stack([task.call(own) for own in weights])
    spread = expected.std(axis=0, ddof=1)
    families = []
    for family in graphgen.symmetry_families(architecture):
        changes = [
            beside(task.call(family.sample(rng).apply(own)) - value, spread)
            for own, value in zip(weights, expected, strict=True)
            for _ in range(count)
        ]
        largest = max(changes)
        keeps = largest <= task.call.limit
        families.append(Kept(family.name, family.kind, family.dimension, largest, keeps))
    collisions = (
        task.alike(weights, expected, spread),
        *(task.collisions(name, way, weights, expected, spread) for name, way in WAYS.items()),
    )
    return Audit(architecture.name, len(weights), tuple(float(s) for s in spread), tuple(families),
                 collisions, task.call.limit)  # fmt: skip


def given(
    net: Architecture, networks: Sequence[Mapping[str, NDArray[Any]]] | int,
    rng: np.random.Generator,
) -> list[Arrays]:  # fmt: skip
    """Give the weights of the networks that are looked at, in double precision."""
    if isinstance(networks, int) and not isinstance(networks, bool) and networks >= 2:
        return [random_weights(net, rng) for _ in range(networks)]
    if not isinstance(networks, Sequence) or isinstance(networks, str) or len(networks) < 2:
        raise MetanetError(
            f"`networks` is {shown(networks)}, expected weights of two or more networks, or how "
            "many to draw, at least 2"
        )
    structure = graphgen.template(net)
    bound = [structure.bind(own).weights() for own in networks]
    return [
        {n: a.astype(np.float64) if a.dtype.kind == "f" else a for n, a in own.items()}
        for own in bound
    ]


class Called:
    """A model as a function of weights that gives an array of numbers."""

    def __init__(self, model: Callable[..., Any], net: Architecture, takes: str) -> None:
        self.model, self.net, self.takes = model, net, takes
        self.structure = graphgen.template(net)
        parameters = list(model.parameters()) if isinstance(model, nn.Module) else []
        kinds = {p.dtype for p in parameters if p.dtype.is_floating_point}
        self.dtype = next(iter(kinds)) if len(kinds) == 1 else torch.float64
        self.limit = tolerance(self.dtype)

    def __call__(self, weights: Arrays) -> Floats:
        """Predict of one network."""
        kind = {torch.float32: np.float32}.get(self.dtype, np.float64)
        cast = {n: a.astype(kind) if a.dtype.kind == "f" else a for n, a in weights.items()}
        was = self.model.training if isinstance(self.model, nn.Module) else False
        if isinstance(self.model, nn.Module):
            self.model.eval()
        try:
            with torch.no_grad():
                result = self.model(self.argument(cast))
        finally:
            if isinstance(self.model, nn.Module):
                self.model.train(was)
        try:
            numbers = torch.as_tensor(result).detach().to(torch.float64).reshape(-1).numpy()
        except (TypeError, ValueError, RuntimeError) as error:
            raise MetanetError(
                f"the model gave {shown(result)}, expected numbers: a tensor, an array or a number"
            ) from error
        if not len(numbers) or not np.isfinite(numbers).all():
            raise MetanetError(f"the model gave {shown(numbers)}, expected finite numbers")
        return numbers

    def argument(self, weights: Arrays) -> Any:
        """Give what the model takes."""
        if isinstance(self.model, Metanet):
            return Batch.from_graphs([self.structure.bind(weights)])
        if self.takes == "graph":
            return self.structure.bind(weights)
        tensors = {name: torch.from_numpy(np.array(a)) for name, a in weights.items()}
        if self.takes == "tensors":
            return [tensors[name] for name in self.net.parameters]
        return tensors


def beside(change: Floats, spread: Floats) -> float:
    """Give the largest change in units of the spread; infinite where there is no spread."""
    size = np.abs(change)
    units = np.divide(size, spread, out=np.where(size > 0, np.inf, 0.0), where=spread > 0)
    return float(units.max())


class Task:
    """One audit: what is called, and how functions are compared."""

    def __init__(self, net: Architecture, call: Called, rng: np.random.Generator) -> None:
        self.net, self.call, self.rng = net, call, rng
        self.inputs = random_inputs(net, rng)

    def outputs(self, weights: Arrays) -> Floats:
        """Compute what a network gives on some inputs."""
        with np.errstate(all="ignore"):
            results = graphgen.evaluate(self.net, weights, *self.inputs)
        parts = results if isinstance(results, tuple) else (results,)
        return np.concatenate([np.asarray(p, dtype=np.float64).reshape(-1) for p in parts])

    def differ(self, one: Floats, other: Floats) -> bool:
        """Whether two networks compute different functions."""
        return bool(np.linalg.norm(one - other) > OTHER * np.linalg.norm(one))

    def alike(self, weights: list[Arrays], expected: Floats, spread: Floats) -> Collision:
        """Compare the networks with one another."""
        values = [self.outputs(own) for own in weights]
        tried, found = 0, []
        for i in range(len(weights)):
            for j in range(i):
                if self.differ(values[i], values[j]):
                    tried += 1
                    if beside(expected[i] - expected[j], spread) <= self.call.limit:
                        found.append(f"networks {j} and {i}")
        return Collision("another network", tried, len(found), next(iter(found), ""))

    def collisions(
        self, name: str, way: Way, weights: list[Arrays], expected: Floats, spread: Floats
    ) -> Collision:
        """Make other functions of each network in one way."""
        tried, found = 0, []
        for own, value in zip(weights, expected, strict=True):
            before = self.outputs(own)
            for where, changed in way(self.net, own, self.rng):
                after = self.outputs(changed)
                if not np.isfinite(after).all() or not self.differ(before, after):
                    continue
                tried += 1
                if beside(self.call(changed) - value, spread) <= self.call.limit:
                    found.append(where)
        return Collision(name, tried, len(found), next(iter(found), ""))
