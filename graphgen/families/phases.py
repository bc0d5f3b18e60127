"""Phases of waves: as sin(x + pi) = -sin(x), a bias may turn and what follows change its sign."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.errors import instance
from graphgen.sources import Weights
from graphgen.symmetry.scalings import Scaling, Scalings
from graphgen.template import EdgeBlock, NodeGroup, Template

Arrays = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
WAVES = ("sine", "cosine")
MOST_TURNS = 3


@dataclass(frozen=True)
class Wave:
    """A sine or cosine of the neurons of a group, right behind the bias that can turn it."""

    group: int
    step: int
    cosine: bool
    frequency: float
    bias: EdgeBlock


@dataclass(frozen=True, eq=False)
class Phase:
    """One choice: the signs of neurons, and by how many half turns each wave moves."""

    family: Phases
    signs: Floats
    turns: tuple[Numbers, ...]

    def apply(self, weights: Weights) -> Arrays:
        """Turn biases by whole multiples of pi, and change signs of what reads odd ones.

        Raises `GraphError` for weights that do not fit the architecture.
        """
        result = Scaling(self.family.signed, self.signs).apply(weights)
        for wave, turns in zip(self.family.waves, self.turns, strict=True):
            name = str(wave.bias.tensor)
            array = np.array(result[name], order="C")
            moved = wave.bias.view(array) + turns.reshape(wave.bias.shape) * np.pi / wave.frequency
            wave.bias.place(array, moved.astype(array.dtype))
            result[name] = array
        return result


class Phases:
    """Signs of neurons in front of and behind waves, with the phases that make up for them."""

    kind = "phases"
    name = "phases"
    dimension = 0

    def __init__(self, structure: Template, reduced: bool = False) -> None:
        self.waves = tuple(waves(structure))
        self.signed = Signed(structure, self.waves, reduced)

    @cached_property
    def count(self) -> int:
        """The number of neurons whose phase may turn."""
        return sum(wave.bias.num_edges for wave in self.waves)

    @property
    def where(self) -> tuple[str, ...]:
        """The biases that turn; the signs of what stands before and behind may change with them."""
        return tuple(str(wave.bias.tensor) for wave in self.waves)

    def __repr__(self) -> str:
        return f"<phases: half turns of {self.count:,} waves; discrete>"

    def sample(self, rng: np.random.Generator) -> Phase:
        """Draw signs, and half turns of both directions."""
        instance(rng, np.random.Generator, "rng", "numpy.random.default_rng(0)")
        return self.with_turns(np.sign(self.signed.sample(rng).values), rng)

    def with_turns(self, values: Floats, rng: np.random.Generator) -> Phase:
        """Draw half turns that fit signs."""
        turns = []
        for wave in self.waves:
            odd = self.odd(wave, values)
            turns.append(odd + 2 * rng.integers(-MOST_TURNS, MOST_TURNS + 1, odd.shape))
        return Phase(self, values, tuple(turns))

    def odd(self, wave: Wave, values: Floats) -> Numbers:
        """Say of each neuron of a wave whether its signs need an odd number of half turns."""
        stages = self.signed.stages[wave.group]
        before, behind = values[stages[wave.step]], values[stages[wave.step + 1]]
        return (behind != (1.0 if wave.cosine else before)).astype(np.int64)


class Signed(Scalings):
    """The scalings of a network whose waves may have other signs behind than in front.

    `reduced` are those that are left where all phases lie in half a turn: a sign in front turns the
    phase by an odd number of half turns, so that a sine stays as it is, and a cosine changes.
    """

    def __init__(self, structure: Template, turning: tuple[Wave, ...], reduced: bool) -> None:
        self.reduced = reduced
        self.turning = {(wave.group, wave.step): wave for wave in turning}
        self.places = {id(group): k for k, group in enumerate(structure.node_groups)}
        super().__init__(structure)

    def _pass_through(self, group: NodeGroup) -> list[Numbers]:
        place = self.places[id(group)]
        turning = [step for where, step in self.turning if where == place]
        if not turning:
            return super()._pass_through(group)
        (cut,) = turning
        before = super()._pass_through(_until(group, cut))
        self.unknowns.require_unit(before[-1])
        rest = super()._pass_through(_from(group, cut + 1))
        self.unknowns.require_unit(rest[0])
        if self.reduced and self.turning[place, cut].cosine:
            self.unknowns.equate(rest[0], before[-1])
        elif self.reduced:
            self.unknowns.fix(rest[0])
        return [*before, *rest]


def _until(group: NodeGroup, step: int) -> NodeGroup:
    """Give a group with the steps in front of one."""
    return replace(group, steps=group.steps[:step], output=-1)


def _from(group: NodeGroup, step: int) -> NodeGroup:
    """Give a group with the steps behind one."""
    return replace(group, steps=group.steps[step:])


def waves(structure: Template) -> list[Wave]:
    """Find the waves that stand right behind a bias of their own, one number a neuron."""
    trained = {tensor.name for tensor in structure.tensors if tensor.trainable}
    uses: dict[str, int] = {}
    for block in structure.blocks:
        if block.tensor is not None:
            uses[block.tensor] = uses.get(block.tensor, 0) + 1
    found = []
    for place, group in enumerate(structure.node_groups):
        steps = [
            k for k, step in enumerate(group.steps)
            if step.operation in WAVES and k and group.steps[k - 1].operation == "bias"
        ]  # fmt: skip
        if len(steps) != 1 or group.kind != "neuron":
            continue
        (at,) = steps
        step = group.steps[at]
        frequency = float(dict(step.attributes)["frequency"])
        biases = [
            b for b in structure.blocks
            if b.target_group == place and b.kind == "bias" and b.step == at - 1
        ]  # fmt: skip
        if len(biases) != 1 or not frequency:
            continue
        (bias,) = biases
        own = str(bias.tensor)
        nodes = affine(bias.shape, bias.target_start, bias.target_strides).reshape(-1)
        every = np.arange(group.start, group.start + group.size)
        if own in trained and uses[own] == 1 and np.array_equal(nodes, every):
            found.append(Wave(place, at, step.operation == "cosine", frequency, bias))
    return found
