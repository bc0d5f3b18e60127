"""Sign and scale symmetries: neurons multiplied by factors that what reads them divides out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.checkpoint import Form
from graphgen.compile import template
from graphgen.errors import GraphError, instance
from graphgen.fitting import fitting, in_shape
from graphgen.sources import Net, Weights
from graphgen.symmetry.products import cancel
from graphgen.symmetry.unknowns import Unknowns, distinct
from graphgen.template import EdgeBlock, NodeGroup, Step, Template
from spec.functions import EVEN, FUNCTIONS, LINEAR, NONE, ODD, POSITIVE, SIGN

LINEAR_STEPS = (
    "bias", "add", "mean_pool", "mean", "sum", "resample", "slice", "concat", "multiply", "product",
    "take",
)  # fmt: skip
POSITIVE_STEPS = ("prelu", "max_pool", "max", "maximum", "kthvalue")
ORDERED = ("max", "kthvalue")
EQUAL = ("identity", "spread", "sum", "mean", *ORDERED)
STATISTICS = ("mean", "variance")
WEIGHTED = ("linear", "window1d", "window2d", "window3d", "table")
MOST_NEURONS = 10_000_000  # of about 75 bytes, and 300 nanoseconds, each


def scalings(net: Net) -> Scalings:
    """Derive the sign and scale symmetries that the activations of an architecture allow.

    `net` is an architecture, the path of its YAML file, or the name of a reference network.

        group = graphgen.scalings(net)
        group.signs, group.scales                  # how many factors may be chosen
        group.sample(rng).apply(weights)           # another network, the same function

    Factors pass through ReLU and maxima if they are positive, through odd functions (tanh, sine) if
    they are 1 or -1, through sums and means in any case. Every other function stops them. A norm
    with an `eps` other than 0 stops them too, since they are exact only without; the scale and
    shift behind it can take up new ones, but for a scale that several neurons share. Queries and
    keys have factors that cancel. Recurrent cells, rotary positions, tensors that are used twice
    and tensors that are not trained are left as they are. Raises
    `GraphError` for more than ten million neurons.
    """
    return Scalings(template(net))


def passing_through(step: Step) -> str:
    """Say which factors pass through a step, by a word of `spec.functions.PASSING`."""
    if step.operation in FUNCTIONS:
        return FUNCTIONS[step.operation].passing(dict(step.attributes))
    if step.operation == "take" and dict(step.attributes).get("value"):
        return NONE  # a constant stands beside the items
    if step.operation in LINEAR_STEPS:
        return LINEAR
    return POSITIVE if step.operation in POSITIVE_STEPS else NONE


class Scalings:
    """Factors of neurons that leave a network's function as it is, as a value."""

    def __init__(self, structure: Template) -> None:
        self.template = instance(
            structure, Template, "structure", "graphgen.template(net) gives one"
        )
        if structure.num_nodes > MOST_NEURONS:
            raise GraphError(
                f"the architecture {structure.architecture[:12]} has {structure.num_nodes:,} "
                "neurons, whose signs and scales are found one by one: expected at most "
                f"{MOST_NEURONS:,}; give its layers smaller sizes, or ask for its permutations "
                "(`graphgen.symmetries`), which take networks of any size"
            )
        self.unknowns = Unknowns()
        # An unknown for each node before each of its group's steps, and behind the last.
        self.stages = [self._pass_through(group) for group in structure.node_groups]
        self._fix_shared()
        operands = []
        for block in structure.blocks:
            self._relate(block)
            if block.kind == "operand":
                operands.append(pairs(self.targets(block), self.sources(block)))
        cancel(self.unknowns, operands)
        self.roots = self.unknowns.roots()

    @property
    def signs(self) -> int:
        """The number of factors that may be negative."""
        return int(np.count_nonzero(~self.unknowns.positive[self.roots]))

    @property
    def scales(self) -> int:
        """The number of factors whose size may be chosen."""
        return int(np.count_nonzero(~self.unknowns.unit[self.roots]))

    def sample(self, rng: np.random.Generator) -> Scaling:
        """Draw factors: signs at random, sizes from a log-normal distribution."""
        instance(rng, np.random.Generator, "rng", "numpy.random.default_rng(0)")
        sized = self.roots[~self.unknowns.unit[self.roots]]
        signed = self.roots[~self.unknowns.positive[self.roots]]
        values = np.ones(self.unknowns.count)
        values[sized] = np.exp(rng.normal(size=len(sized)))
        values[signed[rng.random(len(signed)) < 0.5]] *= -1
        roots, powers = self.unknowns.find_all(np.arange(len(values)))
        chosen = values[roots]
        return Scaling(self, np.where(powers < 0, 1 / chosen, chosen))

    def __repr__(self) -> str:
        counts = f"{self.signs} signs and {self.scales} scales"
        return f"<Scalings of {self.template.architecture[:12]}: {counts}>"

    def __str__(self) -> str:
        lines = [f"{self.signs} signs and {self.scales} scales"]
        scratch = np.empty(self.unknowns.count, dtype=np.int64)
        for group, stages in zip(self.template.node_groups, self.stages, strict=True):
            apart = {id(stage): stage for stage in stages}
            found = np.concatenate([self.unknowns.find_all(s)[0] for s in apart.values()])
            roots = distinct(found[~self.unknowns.fixed(found)], scratch)
            if len(roots):
                signs = np.count_nonzero(~self.unknowns.positive[roots])
                scales = np.count_nonzero(~self.unknowns.unit[roots])
                lines.append(f"  {group.name}: {signs} signs, {scales} scales")
        return "\n".join(lines)

    def _pass_through(self, group: NodeGroup) -> list[NDArray[np.int64]]:
        """Relate what is before and behind each step of a group: unknowns of its size, each."""
        unknowns = self.unknowns
        stages = [unknowns.new(group.size)]
        for step in group.steps:
            passing = passing_through(step)
            if passing in (LINEAR, POSITIVE, ODD):
                self._require(stages[-1], passing)
                stages.append(stages[-1])
                continue
            before, behind = stages[-1], unknowns.new(group.size)
            if passing == EVEN:
                unknowns.require_unit(before)
            elif passing == SIGN:
                unknowns.require_positive(before)
            elif step.operation != "scale":
                unknowns.fix(before)
            if step.operation != "scale":
                unknowns.fix(behind)
            stages.append(behind)
        if group.kind not in ("neuron", "hub") or group.output >= 0:
            unknowns.fix(stages[-1])
        return stages

    def _require(self, unknowns: NDArray[np.int64], passing: str) -> None:
        if passing == POSITIVE:
            self.unknowns.require_positive(unknowns)
        elif passing == ODD:
            self.unknowns.require_unit(unknowns)

    def _fix_shared(self) -> None:
        """Leave what reads or makes a tensor alone that has several uses, or is not trained."""
        kept = {block.tensor for block in self.template.blocks if block.tied}
        fixed = {tensor.name for tensor in self.template.tensors if not tensor.trainable}
        for block in self.template.blocks:
            if block.tensor in kept or (block.kind not in STATISTICS and block.tensor in fixed):
                self.unknowns.fix(self.sources(block))
                self.unknowns.fix(self.targets(block))
                self.unknowns.fix(self.targets(block, later=1))

    def sources(self, block: EdgeBlock) -> NDArray[np.int64]:
        """Give the unknowns of the values that a block's edges read.

        In the block's shape, with 1 along the axes on which they do not depend. A recurrence reads
        the state as it is before any step that acts on what the cell gives.
        """
        group = self.template.node_groups[block.source_group]
        stage = self.stages[block.source_group][0 if block.kind == "recurrent" else -1]
        return strided(stage, block.source_start - group.start, block.shape, block.source_strides)

    def targets(self, block: EdgeBlock, later: int = 0) -> NDArray[np.int64]:
        """Give the unknowns of the sums that a block's edges enter, in a shape as of `sources`."""
        group = self.template.node_groups[block.target_group]
        stages = self.stages[block.target_group]
        stage = stages[min(block.step + later, len(stages) - 1)]
        return strided(stage, block.target_start - group.start, block.shape, block.target_strides)

    def powers(self, block: EdgeBlock) -> list[tuple[NDArray[np.int64], int]]:
        """List the unknowns whose powers multiply a block's weights, in shapes as of `sources`."""
        if block.tensor is None or block.kind == "slope":
            return []
        if block.kind == "scale":
            return [(self.targets(block, later=1), 1), (self.targets(block), -1)]
        if block.kind in WEIGHTED:
            return [(self.targets(block), 1), (self.sources(block), -1)]
        return [(self.targets(block), 2 if block.kind == "variance" else 1)]

    def _relate(self, block: EdgeBlock) -> None:
        """Say what a block's edges demand of the factors at their two ends."""
        if block.kind == "operand":
            return
        told = dict(block.attributes).get("prepared")
        if told is not None:  # a norm keeps signs, and what takes a mean away nothing
            for stage in (self.sources(block), self.targets(block)):
                self.unknowns.require_unit(stage)
                if told[0] != "norm":
                    self.unknowns.fix(stage)
        elif block.tensor is not None:
            if block.kind not in (*WEIGHTED, "bias", "scale", "learned", "mean", "variance"):
                self.unknowns.fix(self.targets(block))
                if block.kind not in ("slope",):
                    self.unknowns.fix(self.sources(block))
        elif block.kind in EQUAL:
            if block.kind in ORDERED:
                self.unknowns.require_positive(self.sources(block))
            self.unknowns.equate(*pairs(self.sources(block), self.targets(block)))
        else:  # a hub: what it brings, such as one scale for many neurons, takes up no factor
            for stage in (self.sources(block), self.targets(block), self.targets(block, later=1)):
                self.unknowns.fix(stage)


def strided(
    stage: NDArray[np.int64], start: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> NDArray[np.int64]:
    """Take the unknowns of a grid of nodes, with 1 along the axes on which they do not depend."""
    sizes = tuple(size if stride else 1 for size, stride in zip(shape, strides, strict=True))
    return stage[affine(sizes, start, strides)]


def pairs(
    first: NDArray[np.int64], second: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Spell out the unknowns of two ends edge by edge, once for each two."""
    a, b = np.broadcast_arrays(first, second)
    return a.reshape(-1), b.reshape(-1)


@dataclass(frozen=True)
class Scaling:
    """One choice of factors: `values[u]` is that of unknown u."""

    group: Scalings
    values: NDArray[np.float64]

    def apply(self, weights: Weights) -> dict[str, NDArray[Any]]:
        """Multiply weights by the factors they write, divided by those they read.

        Raises `GraphError` for weights that do not fit the architecture.
        """
        template = self.group.template
        trained = tuple(t for t in template.edge_tensors if t.dtype.startswith("float"))
        result = in_shape(template, weights)
        fitting(Form(trained), {tensor.name: result[tensor.name] for tensor in trained})
        for block in self.group.template.blocks:
            powers = self.group.powers(block)
            if block.tensor is None or block.tied or not powers:
                continue
            factors = np.ones(1)
            for unknowns, power in powers:
                factors = factors * self.values[unknowns] ** power
            array = np.array(result[block.tensor], order="C")
            block.place(array, (block.view(array) * factors).astype(array.dtype))
            result[block.tensor] = array
        return result
