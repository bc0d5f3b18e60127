"""Colour refinement of weighted graphs: nodes told apart by the weights around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from graphgen.matching.incidence import Incidence
from graphgen.matching.labels import Hashes
from graphgen.symmetry.rows import mix, word
from graphgen.template import Template

_IN, _OUT = np.uint64(0xD6E8FEB86659FD93), np.uint64(0xA5A5F4D3C1B29E87)


class Refinement:
    """Nodes of networks of one template, and how far what lies around them tells them apart.

    `labels` gives, for each network, a hash for each scalar of the tensors that count. After
    `refine`, nodes (of one network or of two) that a symmetry exchanges have one of `colours`,
    shape (networks, nodes): what a node is, hashed with the sum over its edges of what these are
    times the colour at their other end, in 64 bits, where order plays no part. Nodes that no
    output depends on are told apart, and so are inputs and outputs.
    """

    def __init__(
        self, template: Template, dead: NDArray[np.bool_], labels: Sequence[Mapping[str, Hashes]]
    ) -> None:
        self.template, self.count = template, len(labels)
        self.blocks = [Incidence.of(block) for block in template.blocks]
        self.edges = [self._edges(block, dead, labels) for block in self.blocks]
        self.touching: list[list[int]] = [[] for _ in template.node_groups]
        for number, block in enumerate(template.blocks):
            for group in {block.source_group, block.target_group}:
                self.touching[group].append(number)
        self.colours: Hashes = np.tile(self._first(dead), (self.count, 1))
        self.families: list[NDArray[np.int64]] = []
        self.part()

    def _edges(
        self, block: Incidence, dead: NDArray[np.bool_], labels: Sequence[Mapping[str, Hashes]]
    ) -> list[Hashes]:
        tensor = block.block.tensor
        counted = tensor is not None and bool(labels) and tensor in labels[0]
        alive = ~dead[block.targets][:, :, None]
        grids = []
        for own in labels if counted else labels[:1]:
            label = block.block.view(own[tensor]) if counted and tensor else None
            grids.append(block.hashes(label) * alive)
        return grids if counted else grids * self.count

    def _first(self, dead: NDArray[np.bool_]) -> Hashes:
        """Colour nodes by what they are."""
        parts = []
        inputs = 0
        for group in self.template.node_groups:
            told = np.uint64(word((group.kind, group.depth, group.steps, group.attributes)))
            nodes = np.arange(group.start, group.start + group.size)
            apart = dead[nodes]
            if group.kind == "input" or group.output >= 0:
                told ^= np.uint64(word((inputs, group.output)))
                apart = np.ones(group.size, dtype=np.bool_)
            inputs += group.kind == "input"
            parts.append(mix(told ^ (mix(nodes) * apart)))
        return np.concatenate(parts)

    def refine(self, changed: Iterable[int] | None = None) -> None:
        """Tell nodes apart by their neighbours until that tells no more.

        `changed` are the groups of nodes that were told apart by hand, by default all.
        """
        groups = set(range(len(self.template.node_groups)) if changed is None else changed)
        of = {group: k for k, family in enumerate(self.families) for group in family.tolist()}
        while groups:
            reached = {
                end
                for group in groups
                for number in self.touching[group]
                for block in (self.template.blocks[number],)
                for end in (block.source_group, block.target_group)
            }
            families = {of[group] for group in reached}
            found = self._renewed([self.families[k] for k in sorted(families)])
            groups = set()
            for k, colours in found:
                nodes = self._nodes(k)
                if len(np.unique(colours)) > len(np.unique(self.colours[:, nodes])):
                    self.colours[:, nodes] = colours
                    groups |= set(k.tolist())
            if all(self.discrete()) or (self.count == 2 and not self.alike()):
                return

    def discrete(self) -> list[bool]:
        """Say of each network whether all its nodes are told apart."""
        return [len(np.unique(row)) == len(row) for row in self.colours]

    def alike(self) -> bool:
        """Say whether two networks have the same colours."""
        first, second = self.colours
        return bool(np.array_equal(np.sort(first), np.sort(second)))

    def _nodes(self, family: NDArray[np.int64]) -> NDArray[np.int64]:
        groups = [self.template.node_groups[k] for k in family.tolist()]
        return np.concatenate([np.arange(g.start, g.start + g.size) for g in groups])

    def _renewed(self, families: list[NDArray[np.int64]]) -> list[tuple[NDArray[np.int64], Hashes]]:
        """Hash the nodes of some families with what lies around them."""
        groups = {group for family in families for group in family.tolist()}
        around = np.zeros_like(self.colours)
        for number in sorted({n for group in groups for n in self.touching[group]}):
            block = self.blocks[number]
            for row, edges in enumerate(self.edges[number]):
                colours = self.colours[row]
                if block.block.target_group in groups:
                    into = np.einsum("gts,gs->gt", edges, colours[block.sources])
                    add(around[row], block.targets, into * _IN)
                if block.block.source_group in groups:
                    out = np.einsum("gts,gt->gs", edges, colours[block.targets])
                    add(around[row], block.sources, out * _OUT)
        result = []
        for family in families:
            nodes = self._nodes(family)
            result.append((family, mix(self.colours[:, nodes] ^ mix(around[:, nodes]))))
        return result

    def part(self) -> None:
        """Let groups that share no colour be renewed apart."""
        owner = np.concatenate(
            [np.full(g.size, k) for k, g in enumerate(self.template.node_groups)]
        )
        parent = np.arange(len(self.template.node_groups))
        colours = self.colours.reshape(-1)
        owner = np.tile(owner, self.count)
        order = np.argsort(colours, kind="stable")
        same = np.flatnonzero(colours[order][1:] == colours[order][:-1])
        pairs = np.stack([owner[order[same]], owner[order[same + 1]]], axis=1)
        for a, b in np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0).tolist():
            while parent[a] != a:
                a = int(parent[a])
            while parent[b] != b:
                b = int(parent[b])
            parent[max(a, b)] = min(a, b)
        for k in range(len(parent)):
            parent[k] = parent[parent[k]]
        self.families = [np.flatnonzero(parent == root) for root in np.unique(parent)]


def add(out: Hashes, nodes: NDArray[np.int64], values: Hashes) -> None:
    """Add values to nodes, of which some may come several times."""
    np.add.at(out, nodes.reshape(-1), values.reshape(-1))
