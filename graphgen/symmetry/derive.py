"""The derivation: which factors of which axes may be permuted, and which move together."""

from __future__ import annotations

from graphgen.symmetry.factors import Factor, tie
from graphgen.symmetry.segments import (
    Runs,
    end_of,
    extent_of,
    fix,
    segments,
    tie_runs,
)
from graphgen.template import EdgeBlock, Template


class Derivation:
    """The axes of all node groups, cut and tied as the blocks demand.

    Inputs and outputs fix their neurons, parameter-free edges and depthwise or shared weights tie
    neurons to others, grouped norms and heads keep theirs together.
    """

    def __init__(self, structure: Template) -> None:
        self.template = structure
        self.axes = segments(structure)
        owners: dict[str, EdgeBlock] = {}
        for block in structure.blocks:
            self._tie_ends(block)
            if block.tensor is not None:
                owner = owners.setdefault(block.tensor, block)
                if owner is not block:
                    self._tie_uses(owner, block)
        self.contexts = self._contexts()

    def _tie_ends(self, block: EdgeBlock) -> None:
        if block.kind == "rotary":
            self._hold(block)
            return
        for coordinate, role in enumerate(block.axes):
            runs = [run for run in self.runs(block, coordinate) if run]
            if role == "place":
                for run in runs:
                    fix(run)
            if len(runs) == 2:
                tie_runs(*runs)

    def _hold(self, block: EdgeBlock) -> None:
        """Let the first features of each head stay, which a rotary embedding turns."""
        features = dict(block.attributes)["features"]
        group, _, strides = end_of(self.template, block, "target")
        size = block.shape[-1]
        for run in self.axes[group].stretch(0, self.axes[group].size, strides[-1], features):
            if len(run) == 1 and len(run[0].parts()) == 1:
                part = run[0].parts()[0]
                part.held = max(part.held, size)
                part.fixed |= size == part.size
            else:
                fix([run])

    def _tie_uses(self, owner: EdgeBlock, block: EdgeBlock) -> None:
        nests = [self._nest(owner), self._nest(block)]
        if nests[0] is not None and nests[1] is not None:
            tie(nests[0], nests[1])
            return
        for coordinate in range(max(len(owner.shape), len(block.shape))):
            found = [
                run
                for user in (owner, block)
                if coordinate < len(user.shape)
                for run in self.runs(user, coordinate)
                if run
            ]
            if owner.shape == block.shape and len(found) == 2:
                tie_runs(*found)
            elif len(found) != 2 or owner.shape != block.shape:
                for run in found:
                    fix(run)

    def _nest(self, block: EdgeBlock) -> list[Factor] | None:
        """List the factors of all coordinates; None where one comes to several segments."""
        nest: list[Factor] = []
        for coordinate, size in enumerate(block.shape):
            found = [run for run in self.runs(block, coordinate) if run]
            if any(len(run) > 1 for run in found):
                return None
            if found:
                nest += found[0][0]
            elif size > 1:
                nest.append(Factor(size, fixed=True))
        return nest

    def runs(self, block: EdgeBlock, coordinate: int) -> tuple[Runs, Runs]:
        """List what a coordinate runs over at the source and at the target, by segment."""
        size = block.shape[coordinate]
        ends: list[Runs] = []
        for which in ("source", "target"):
            group, start, strides = end_of(self.template, block, which)
            stride = strides[coordinate]
            if size == 1 or stride == 0:
                ends.append([])
                continue
            length = extent_of(block.shape, strides)
            ends.append(self.axes[group].stretch(start, length, stride, size))
        return ends[0], ends[1]

    def _contexts(self) -> dict[int, tuple[int, ...]]:
        """Find, for each factor, the outer factors that its permutation may depend on.

        These lie outside of it on every axis where it comes: weights that are shared among heads,
        for one, tie a factor inside one nest to a factor inside another.
        """
        contexts: dict[int, tuple[int, ...]] = {}
        for segment in (segment for axis in self.axes for segment in axis.segments):
            parts = [part for part in segment.parts() if part.size > 1]
            for depth, part in enumerate(parts):
                outer = tuple(id(other) for other in parts[:depth])
                before = contexts.get(id(part), outer)
                contexts[id(part)] = tuple(key for key in before if key in outer)
        return contexts
