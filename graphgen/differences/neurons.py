"""The nodes of a structure as a comparison sees them: no matter how layers are cut or packed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphgen.differences.incidence import Incidence, Ints, Words, add, mix
from graphgen.symmetry.rows import word
from graphgen.template import EdgeBlock, Step, Template

PARAMETERS = ("bias", "scale", "mean", "variance")
"""Nodes that stand for a tensor, and not for what is computed."""

_SEED, _BACK = np.uint64(0x9AE16A3B2F90404F), np.uint64(0xC3A5C85C97CB3127)
MOST_SWEEPS = 32


class Neurons:
    """The nodes of one structure, and colours that say what each is by what lies around it.

    A node that hands on another's value alone is one with it (`alone` has the last of such a chain,
    `shift` how many steps lie before a node's own), so that three layers and one that is cut in
    three are the same. `exact`: constants count, such as the eps of a norm.
    """

    def __init__(self, template: Template, exact: bool = True) -> None:
        self.template, self.exact = template, exact
        groups = template.node_groups
        entered = {b.target_group for b in template.blocks if b.source_group != b.target_group}
        self.dropped = {
            number
            for number, group in enumerate(groups)
            if group.kind in PARAMETERS or (group.kind == "hub" and number not in entered)
        }
        self.group = np.repeat(np.arange(len(groups)), [group.size for group in groups])
        self.blocks = [
            Incidence(block, self.is_loose(block), exact)
            for block in template.blocks
        ]  # fmt: skip
        n = template.num_nodes
        self.alone = np.arange(n, dtype=np.int64)
        self.shift = np.zeros(n, dtype=np.int64)
        self.contracted = np.zeros(n, dtype=np.bool_)
        self._contract()
        self.static = self._static()
        self.kept = np.flatnonzero(
            (self.alone == np.arange(n)) & ~np.isin(self.group, [*self.dropped])
        )
        self.levels: dict[int, list[Incidence]] = {}
        for block in self.blocks:
            depth = groups[block.block.target_group].depth
            self.levels.setdefault(depth, []).append(block)

    def is_loose(self, block: EdgeBlock) -> bool:
        """Say whether the edges of a block leave from no node that counts."""
        return block.source_group in self.dropped or block.source_group == block.target_group

    def _contract(self) -> None:
        """Find the nodes whose value is that of one node before, which nothing else reads."""
        n, groups = self.template.num_nodes, self.template.node_groups
        entering, leaving = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        for block in self.blocks:
            if not block.loose:
                own = block.block
                np.add.at(leaving, block.sources.reshape(-1), own.fan_out)
                if own.step == 0:
                    np.add.at(entering, block.targets.reshape(-1), own.fan_in)
        inner = np.array([g.kind == "neuron" and g.output < 0 for g in groups])[self.group]
        ends = np.array([g.kind == "neuron" for g in groups])[self.group]
        before = np.arange(n, dtype=np.int64)
        for block in self.blocks:
            own = block.block
            if own.kind != "identity" or own.step or own.attributes or own.constant != 1:
                continue
            sources, targets = (
                np.broadcast_to(side, own.shape).reshape(-1)
                for side in (block.sources, block.targets)
            )
            one = (leaving[sources] == 1) & (entering[targets] == 1)
            one &= inner[sources] & ends[targets]
            before[targets[one]] = sources[one]
        self.contracted = before != np.arange(n)
        steps = np.array([len(group.steps) for group in groups])[self.group]
        for number in sorted(range(len(groups)), key=lambda k: groups[k].depth):
            group = groups[number]
            nodes = np.arange(group.start, group.start + group.size)
            after = nodes[self.contracted[nodes]]
            self.shift[after] = self.shift[before[after]] + steps[before[after]]
        for number in sorted(range(len(groups)), key=lambda k: -groups[k].depth):
            group = groups[number]
            nodes = np.arange(group.start, group.start + group.size)
            after = nodes[self.contracted[nodes]]
            self.alone[before[after]] = self.alone[after]
        self._before = before

    def _static(self) -> Words:
        """Colour nodes by what they do: all steps, from the first of a chain to the last."""
        groups = self.template.node_groups
        done = np.full(self.template.num_nodes, _SEED, dtype=np.uint64)
        result = done.copy()
        for number in sorted(range(len(groups)), key=lambda k: groups[k].depth):
            group = groups[number]
            nodes = np.arange(group.start, group.start + group.size)
            own = done[self._before[nodes]]
            for step in group.steps:
                own = mix(own ^ np.uint64(word(self._step(step))))
            done[nodes] = own
            kind = "" if group.kind == "neuron" else group.kind
            told = (kind, group.output, group.attributes if self.exact else ())
            own = mix(own ^ np.uint64(word(told)))
            if group.kind == "input" or group.output >= 0:
                own = mix(own ^ mix(np.arange(group.size)))
            result[nodes] = own
        return result

    def _step(self, step: Step) -> tuple[object, ...]:
        if self.exact:
            return step.operation, step.attributes
        index = dict(step.attributes).get("index") if step.operation == "input" else None
        return step.operation, index

    def colours(self, start: Words) -> Words:
        """Refine colours by what flows in, then by where it flows, until that tells no more."""
        colours, classes = start, -1
        for _ in range(MOST_SWEEPS):
            colours = self._sweep(self._sweep(colours, back=False), back=True)
            found = distinct(colours[self.kept])
            if found == classes or found == len(self.kept):
                break
            classes = found
        return colours

    def _sweep(self, colours: Words, back: bool) -> Words:
        """Hash each node with all that lies before it, or behind it, level by level."""
        groups = self.template.node_groups
        around = np.zeros(self.template.num_nodes, dtype=np.uint64)
        result = colours.copy()
        for blocks, own in self._order(back):
            for block in blocks:
                self._tell(block, colours, result, around, back)
            for number in own:
                group = groups[number]
                nodes = slice(group.start, group.start + group.size)
                result[nodes] = mix(colours[nodes] ^ mix(around[nodes] ^ _BACK * np.uint64(back)))
        return result

    def _order(self, back: bool) -> list[tuple[list[Incidence], list[int]]]:
        """List the blocks by the depth of where they lead, and the groups that these complete."""
        groups = self.template.node_groups
        at: dict[int, tuple[list[Incidence], list[int]]] = {}
        for block in self.blocks:
            end = block.block.source_group if back else block.block.target_group
            if not (back and block.loose):
                at.setdefault(groups[end].depth, ([], []))[0].append(block)
        for number, group in enumerate(groups):
            if number not in self.dropped:
                at.setdefault(group.depth, ([], []))[1].append(number)
        return [at[depth] for depth in sorted(at, reverse=back)]

    def _tell(self, block: Incidence, old: Words, new: Words, around: Words, back: bool) -> None:
        """Add up what the edges of a block say."""
        groups, own = self.template.node_groups, block.block
        ahead = groups[own.source_group].depth < groups[own.target_group].depth
        colours = new if ahead else old
        place = mix(self.shift[block.targets] + own.step) | np.uint64(1)
        if own.kind == "identity" and not own.step:
            place = place * ~self.contracted[block.targets]
        if back:
            told = block.gathered(colours[self.alone[block.targets]] * place, back=True)
            if own.kind == "identity" and not own.step:
                told = told * (self.alone[block.sources] == block.sources)
            add(around, block.sources, told)
            return
        seen: Words = (
            np.zeros((1,) * len(own.shape), np.uint64) if block.loose else colours[block.sources]
        )
        add(around, self.alone[block.targets], block.gathered(seen) * place)


def distinct(values: Words | Ints) -> int:
    """Count distinct values; by sorting, which is faster than a table of millions."""
    ordered = np.sort(values, axis=None)
    return int((ordered[1:] != ordered[:-1]).sum()) + (ordered.size > 0)


def ranks(colours: Words) -> Ints:
    """Count for each item how many before it have its colour."""
    order = np.argsort(colours, kind="stable")
    ordered = colours[order]
    first = np.r_[0, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1]
    sizes = np.diff(np.r_[first, len(colours)])
    result: NDArray[np.int64] = np.empty(len(colours), dtype=np.int64)
    result[order] = np.arange(len(colours)) - np.repeat(first, sizes)
    return result
