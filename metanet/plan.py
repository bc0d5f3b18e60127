"""Plans: where the nodes and edges of a whole batch lie, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from metanet.batch import Batch, Part
from metanet.layout import BlockLayout, Layout, layout


@dataclass(frozen=True)
class End:
    """One end of a block: a strided view of node states, with size 1 where the stride is 0."""

    start: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    summed: tuple[int, ...]
    fan: int


@dataclass(frozen=True)
class BlockSlice:
    """The edges of one block for all networks of a part, contiguous: (networks, *shape).

    `rows` are the block's rows, one for each network, where blocks of networks are listed.
    """

    index: int
    start: int
    stop: int
    networks: int
    rows: slice
    view: tuple[int, ...]
    source: End
    target: End
    block: BlockLayout


@dataclass(frozen=True)
class PartPlan:
    """A part's layout and where its nodes, edges and blocks begin in the batch."""

    part: Part
    layout: Layout
    node_start: int
    edge_start: int
    block_start: int
    network_start: int

    @property
    def networks(self) -> int:
        """The number of networks in the part."""
        return len(self.part.positions)


class Plan:
    """A batch laid out flat: nodes (sum of networks x nodes), edges, blocks, networks.

    Edges run part by part, block by block, network by network. `num_nodes`, `num_edges`,
    `num_blocks`, `num_networks` and `num_rows` (a row for each block of each network) are totals.
    """

    def __init__(self, batch: Batch, taps: int) -> None:
        self.batch = batch
        self.parts: list[PartPlan] = []
        self.slices: list[BlockSlice] = []
        nodes = edges = blocks = networks = rows = 0
        for part in batch.parts:
            laid = layout(part.template, taps)
            plan = PartPlan(part, laid, nodes, edges, blocks, networks)
            self.parts.append(plan)
            for index, block in enumerate(laid.blocks):
                count = plan.networks * block.num_edges
                self.slices.append(
                    BlockSlice(
                        index=blocks + index,
                        start=edges,
                        stop=edges + count,
                        networks=plan.networks,
                        rows=slice(rows, rows + plan.networks),
                        view=(plan.networks, *block.shape),
                        source=end(plan, block, "source"),
                        target=end(plan, block, "target"),
                        block=block,
                    )
                )
                edges += count
                rows += plan.networks
            nodes += plan.networks * laid.num_nodes
            blocks += len(laid.blocks)
            networks += plan.networks
        self.num_nodes, self.num_edges = nodes, edges
        self.num_blocks, self.num_networks, self.num_rows = blocks, networks, rows

    @cached_property
    def node_network(self) -> Tensor:
        """The network that each node belongs to, int64 (num_nodes,)."""
        counts = [p.layout.num_nodes for p in self.parts for _ in range(p.networks)]
        return torch.repeat_interleave(torch.arange(self.num_networks), torch.tensor(counts))

    @cached_property
    def nodes_per_network(self) -> Tensor:
        """The number of nodes of each network, int64 (num_networks,)."""
        return torch.tensor([p.layout.num_nodes for p in self.parts for _ in range(p.networks)])

    @cached_property
    def row_block(self) -> Tensor:
        """The block of each row, int64 (num_rows,)."""
        index = torch.tensor([piece.index for piece in self.slices])
        return index.repeat_interleave(torch.tensor([piece.networks for piece in self.slices]))

    @cached_property
    def row_network(self) -> Tensor:
        """The network of each row, int64 (num_rows,)."""
        networks = [
            torch.arange(part.network_start, part.network_start + part.networks)
            for part in self.parts
            for _ in part.layout.blocks
        ]
        return torch.cat(networks)

    @cached_property
    def rows_per_network(self) -> Tensor:
        """The number of blocks of each network, int64 (num_networks,)."""
        counts = [len(part.layout.blocks) for part in self.parts for _ in range(part.networks)]
        return torch.tensor(counts)

    @cached_property
    def node_group(self) -> Tensor:
        """The row of its group, over all parts, of each node, int64 (num_nodes,)."""
        rows, start = [], 0
        for plan in self.parts:
            rows.append((plan.layout.node_group + start).repeat(plan.networks))
            start += len(plan.layout.group_kind)
        return torch.cat(rows)


def end(plan: PartPlan, block: BlockLayout, which: str) -> End:
    """Describe one end of a block as a strided view over (networks, *shape)."""
    strides = block.source_strides if which == "source" else block.target_strides
    start = block.source_start if which == "source" else block.target_start
    return End(
        start=plan.node_start + start,
        sizes=(
            plan.networks,
            *(size if stride else 1 for size, stride in zip(block.shape, strides, strict=True)),
        ),
        strides=(plan.layout.num_nodes, *(stride or 1 for stride in strides)),
        summed=tuple(axis + 1 for axis, stride in enumerate(strides) if not stride),
        fan=block.fan_out if which == "source" else block.fan_in,
    )
