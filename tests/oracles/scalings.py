"""Scalings one unknown and one edge at a time: what is fast in the package, in plain loops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from graphgen.symmetry.scalings import EQUAL, ORDERED, WEIGHTED, passing_through
from graphgen.template import EdgeBlock, NodeGroup, Template
from spec.functions import EVEN, LINEAR, ODD, POSITIVE, SIGN


class Unknowns:
    """Positive or negative factors, numbered, of which some are powers (1 or -1) of others."""

    def __init__(self) -> None:
        self.parent: list[tuple[int, int]] = []
        self.positive: list[bool] = []
        self.unit: list[bool] = []

    def new(self) -> int:
        """Add an unknown that may be any number but 0."""
        self.parent.append((len(self.parent), 1))
        self.positive.append(False)
        self.unit.append(False)
        return len(self.parent) - 1

    def find(self, unknown: int) -> tuple[int, int]:
        """Give the unknown that this one is a power of, and the power."""
        power, path = 1, []
        while self.parent[unknown][0] != unknown:
            path.append((unknown, power))
            unknown, power = self.parent[unknown][0], power * self.parent[unknown][1]
        for other, before in path:
            self.parent[other] = unknown, power * before
        return unknown, power

    def equate(self, first: int, second: int, power: int = 1) -> None:
        """Let the first be a power of the second."""
        (a, p), (b, q) = self.find(first), self.find(second)
        if a == b:
            if p != q * power:
                self.unit[a] = True
            return
        self.parent[a] = b, p * q * power
        self.positive[b] |= self.positive[a]
        self.unit[b] |= self.unit[a]

    def require_positive(self, unknown: int) -> None:
        """Exclude negative numbers."""
        self.positive[self.find(unknown)[0]] = True

    def require_unit(self, unknown: int) -> None:
        """Exclude all but 1 and -1."""
        self.unit[self.find(unknown)[0]] = True

    def fix(self, unknown: int) -> None:
        """Let it be 1."""
        self.require_positive(unknown)
        self.require_unit(unknown)

    def fixed(self, unknown: int) -> bool:
        """Say whether it is 1."""
        root = self.find(unknown)[0]
        return self.positive[root] and self.unit[root]

    def roots(self) -> list[int]:
        """List the unknowns that may be chosen."""
        return [u for u in range(len(self.parent)) if self.find(u)[0] == u and not self.fixed(u)]


class SlowScalings:
    """The number of factors, and of those of each group of nodes, as text."""

    def __init__(self, structure: Template) -> None:
        self.template = structure
        self.unknowns = Unknowns()
        # An unknown for each node before each of its group's steps, and behind the last.
        self.stages = [self._pass_through(group) for group in structure.node_groups]
        self._fix_shared()
        products: list[EdgeBlock] = []
        for block in structure.blocks:
            self._relate(block, products)
        self._cancel(products)
        self.roots = self.unknowns.roots()

    @property
    def signs(self) -> int:
        """The number of factors that may be negative."""
        return sum(not self.unknowns.positive[root] for root in self.roots)

    @property
    def scales(self) -> int:
        """The number of factors whose size may be chosen."""
        return sum(not self.unknowns.unit[root] for root in self.roots)

    def __str__(self) -> str:
        lines = [f"{self.signs} signs and {self.scales} scales"]
        for group, stages in zip(self.template.node_groups, self.stages, strict=True):
            roots = {self.unknowns.find(int(u))[0] for u in stages.reshape(-1)} & set(self.roots)
            if roots:
                signs = sum(not self.unknowns.positive[root] for root in roots)
                scales = sum(not self.unknowns.unit[root] for root in roots)
                lines.append(f"  {group.name}: {signs} signs, {scales} scales")
        return "\n".join(lines)

    def _pass_through(self, group: NodeGroup) -> NDArray[np.int64]:
        """Relate what is before and behind each step of a group; shape (steps + 1, size)."""
        unknowns = self.unknowns
        stages = [[unknowns.new() for _ in range(group.size)]]
        for step in group.steps:
            passing = passing_through(step)
            if passing in (LINEAR, POSITIVE, ODD):
                for unknown in stages[-1]:
                    self._require(unknown, passing)
                stages.append(stages[-1])
                continue
            after = [unknowns.new() for _ in range(group.size)]
            for before, behind in zip(stages[-1], after, strict=True):
                if passing == EVEN:
                    unknowns.require_unit(before)
                elif passing == SIGN:
                    unknowns.require_positive(before)
                elif step.operation != "scale":
                    unknowns.fix(before)
                if step.operation != "scale":
                    unknowns.fix(behind)
            stages.append(after)
        if group.kind not in ("neuron", "hub") or group.output >= 0:
            for unknown in stages[-1]:
                unknowns.fix(unknown)
        return np.array(stages, dtype=np.int64)

    def _require(self, unknown: int, passing: str) -> None:
        if passing == POSITIVE:
            self.unknowns.require_positive(unknown)
        elif passing == ODD:
            self.unknowns.require_unit(unknown)

    def _fix_shared(self) -> None:
        """Leave what reads or makes a tensor alone that has several uses, or is not trained."""
        tensors = {tensor.name: tensor for tensor in self.template.tensors}
        shared = {block.tensor for block in self.template.blocks if block.tied}
        for block in self.template.blocks:
            trained = block.tensor is None or tensors[block.tensor].trainable
            if block.tensor in shared or not (trained or block.kind in ("mean", "variance")):
                self._fix(self.sources(block))
                self._fix(self.targets(block))
                self._fix(self.targets(block, later=1))

    def _fix(self, unknowns: NDArray[np.int64]) -> None:
        for unknown in np.unique(unknowns):
            self.unknowns.fix(int(unknown))

    def sources(self, block: EdgeBlock) -> NDArray[np.int64]:
        """Give the unknowns of the values that a block's edges read, in the block's shape."""
        group = self.template.node_groups[block.source_group]
        stage = self.stages[block.source_group][0 if block.kind == "recurrent" else -1]
        result: NDArray[np.int64] = stage[block.sources() - group.start]
        return result

    def targets(self, block: EdgeBlock, later: int = 0) -> NDArray[np.int64]:
        """Give the unknowns of the sums that a block's edges enter, in the block's shape."""
        group = self.template.node_groups[block.target_group]
        stages = self.stages[block.target_group]
        stage = stages[min(block.step + later, len(stages) - 1)]
        result: NDArray[np.int64] = stage[block.targets() - group.start]
        return result

    def _relate(self, block: EdgeBlock, products: list[EdgeBlock]) -> None:
        """Say what a block's edges demand of the factors at their two ends."""
        if block.kind == "operand":
            products.append(block)
        elif (told := dict(block.attributes).get("prepared")) is not None:
            for unknown in np.unique([*self.sources(block).flat, *self.targets(block).flat]):
                self.unknowns.require_unit(int(unknown))
                if told[0] != "norm":
                    self.unknowns.fix(int(unknown))
        elif block.tensor is not None:
            if block.kind not in (*WEIGHTED, "bias", "scale", "learned", "mean", "variance"):
                self._fix(self.targets(block))
                if block.kind not in ("slope",):
                    self._fix(self.sources(block))
        elif block.kind in EQUAL:
            for unknown in np.unique(self.sources(block)) if block.kind in ORDERED else ():
                self.unknowns.require_positive(int(unknown))
            for a, b in _pairs(self.sources(block), self.targets(block)):
                self.unknowns.equate(a, b)
        else:
            self._fix(self.sources(block))
            self._fix(self.targets(block))
            self._fix(self.targets(block, later=1))

    def _cancel(self, products: Sequence[EdgeBlock]) -> None:
        """Let the factors of a product be those of its operands; two of them may cancel."""
        operands: dict[int, list[int]] = {}
        for block in products:
            for source, target in _pairs(self.sources(block), self.targets(block), unique=False):
                operands.setdefault(target, []).append(source)
        while self._passed(operands) or self._stopped(operands):
            pass

    def _passed(self, operands: Mapping[int, list[int]]) -> bool:
        """Pass factors on where a product leaves no choice; say whether that was new."""
        new = False
        for own, sources in operands.items():
            free = [source for source in sources if not self.unknowns.fixed(source)]
            fixed = self.unknowns.fixed(own)
            if len(free) == 1:
                new |= self._joined(own, free[0], 1)
            elif not free and not fixed:
                self.unknowns.fix(own)
                new = True
            elif len(free) == 2 and fixed:
                new |= self._joined(free[0], free[1], -1)
        return new

    def _stopped(self, operands: Mapping[int, list[int]]) -> bool:
        """Stop the factors of a product that leaves a choice; say whether there was one."""
        for own, sources in operands.items():
            free = [source for source in sources if not self.unknowns.fixed(source)]
            if len(free) > 2 or (len(free) == 2 and not self.unknowns.fixed(own)):
                self._fix(np.array([own, *(sources if len(free) > 2 else ())]))
                return True
        return False

    def _joined(self, first: int, second: int, power: int) -> bool:
        """Equate two unknowns; say whether that was new."""
        (a, p), (b, q) = self.unknowns.find(first), self.unknowns.find(second)
        if self.unknowns.fixed(first) or self.unknowns.fixed(second):
            new = self.unknowns.fixed(first) != self.unknowns.fixed(second)
            self.unknowns.fix(first)
            self.unknowns.fix(second)
            return new
        new = a != b or (p != q * power and not self.unknowns.unit[a])
        self.unknowns.equate(first, second, power)
        return new


def _pairs(
    first: NDArray[np.int64], second: NDArray[np.int64], unique: bool = True
) -> list[tuple[int, int]]:
    """List pairs of unknowns edge by edge."""
    pairs = np.stack([first.reshape(-1), second.reshape(-1)], axis=1)
    found = np.unique(pairs, axis=0) if unique else pairs
    return [(int(a), int(b)) for a, b in found]


def _pairs(
    first: NDArray[np.int64], second: NDArray[np.int64], unique: bool = True
) -> list[tuple[int, int]]:
    """List pairs of unknowns edge by edge."""
    pairs = np.stack([first.reshape(-1), second.reshape(-1)], axis=1)
    found = np.unique(pairs, axis=0) if unique else pairs
    return [(int(a), int(b)) for a, b in found]
