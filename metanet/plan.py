"""Plans: where the nodes and edges of a whole batch lie, one after the other."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import torch
from torch import Tensor

from graphgen import Template
from metanet.batch import Batch
from metanet.layout import BlockEnd, BlockLayout, Layout, layout

PACKED_EDGES = 1024
"""On a CPU, slices with fewer edges lie together, so that they need one operation for all."""

KEPT_PLANS, KEPT_EDGES = 64, 1 << 22
"""So many plans are kept, of so many edges in all, of which one may take 40 bytes on a GPU."""


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

    part: int
    index: int
    start: int
    stop: int
    networks: int
    rows: slice
    view: tuple[int, ...]
    source: End
    target: End
    block: BlockLayout

    @property
    def row(self) -> End:
        """The end at which an edge finds the row of its block and network."""
        axes = len(self.view) - 1
        return End(
            start=self.rows.start,
            sizes=(self.networks, *[1] * axes),
            strides=(1, *[1] * axes),
            summed=tuple(range(1, axes + 1)),
            fan=self.block.num_edges,
        )


@dataclass(frozen=True)
class PartPlan:
    """A part's layout and where its nodes, blocks and networks begin in the batch."""

    template: Template
    networks: int
    layout: Layout
    node_start: int
    block_start: int
    network_start: int


class Plan:
    """A batch laid out flat: nodes (sum of networks x nodes), edges, blocks, networks.

    It holds none of the batch's numbers, so that `plan_of` gives one to all batches of one make-up.
    Edges run slice by slice; a slice is a block of a part, with all networks. The first
    `packed_from` edges belong to large slices, those of small ones follow. `num_nodes`,
    `num_edges`, `num_blocks`, `num_networks` and `num_rows` (a row for each block of each network)
    are totals.
    """

    def __init__(self, batch: Batch, taps: int) -> None:
        self.device = batch.parts[0].values.device
        self.parts: list[PartPlan] = []
        nodes = blocks = networks = 0
        for part in batch.parts:
            laid = layout(part.template, taps)
            count = len(part.positions)
            plan = PartPlan(part.template, count, laid, nodes, blocks, networks)
            self.parts.append(plan)
            nodes += plan.networks * laid.num_nodes
            blocks += len(laid.blocks)
            networks += plan.networks
        self.num_nodes, self.num_blocks, self.num_networks = nodes, blocks, networks
        self.slices: list[BlockSlice] = []
        self.packed_slices = 0
        self.num_edges = self.packed_from = self.num_rows = 0
        self._add_slices()

    def _add_slices(self) -> None:
        pieces = [
            (index, plan, number, block, plan.networks * block.num_edges)
            for index, plan in enumerate(self.parts)
            for number, block in enumerate(plan.layout.blocks)
        ]
        pack = PACKED_EDGES if self.device.type == "cpu" else float("inf")
        edges = rows = 0
        for packed in (False, True):
            self.packed_from, self.packed_slices = edges, len(self.slices)
            for index, plan, number, block, count in pieces:
                if (count < pack or backwards(block)) != packed:
                    continue
                self.slices.append(
                    BlockSlice(
                        part=index,
                        index=plan.block_start + number,
                        start=edges,
                        stop=edges + count,
                        networks=plan.networks,
                        rows=slice(rows, rows + plan.networks),
                        view=(plan.networks, *block.shape),
                        source=end(plan, block.source),
                        target=end(plan, block.target),
                        block=block,
                    )
                )
                edges += count
                rows += plan.networks
        self.num_edges, self.num_rows = edges, rows

    def first_alike(self, piece: BlockSlice) -> int:
        """Give the index of the first block that is alike to that of a slice."""
        plan = self.parts[piece.part]
        return plan.block_start + plan.layout.alike[piece.index - plan.block_start]

    def prepare(self) -> None:
        """Make all indices, so that compiled code finds them as constants of the plan."""
        for name, value in vars(type(self)).items():
            if isinstance(value, cached_property):
                getattr(self, name)

    @cached_property
    def node_network(self) -> Tensor:
        """The network that each node belongs to, int64 (num_nodes,)."""
        counts = torch.tensor(self._node_counts(), dtype=torch.int64)
        return torch.arange(self.num_networks).repeat_interleave(counts).to(self.device)

    @cached_property
    def nodes_per_network(self) -> Tensor:
        """The number of nodes of each network, int64 (num_networks,)."""
        return torch.tensor(self._node_counts(), device=self.device)

    def _node_counts(self) -> list[int]:
        return [p.layout.num_nodes for p in self.parts for _ in range(p.networks)]

    @cached_property
    def row_block(self) -> Tensor:
        """The block of each row, int64 (num_rows,)."""
        index = torch.tensor([piece.index for piece in self.slices], dtype=torch.int64)
        counts = torch.tensor([piece.networks for piece in self.slices], dtype=torch.int64)
        return index.repeat_interleave(counts).to(self.device)

    @cached_property
    def row_network(self) -> Tensor:
        """The network of each row, int64 (num_rows,)."""
        starts = [self.parts[piece.part].network_start for piece in self.slices]
        counts = torch.tensor([piece.networks for piece in self.slices], dtype=torch.int64)
        firsts = torch.tensor([piece.rows.start for piece in self.slices], dtype=torch.int64)
        shifts = (torch.tensor(starts, dtype=torch.int64) - firsts).repeat_interleave(counts)
        return (torch.arange(self.num_rows) + shifts).to(self.device)

    @cached_property
    def row_edges(self) -> Tensor:
        """The number of edges of each row, int64 (num_rows,)."""
        edges = torch.tensor([piece.block.num_edges for piece in self.slices], dtype=torch.int64)
        counts = torch.tensor([piece.networks for piece in self.slices], dtype=torch.int64)
        return edges.repeat_interleave(counts).to(self.device)

    @cached_property
    def row_starts(self) -> Tensor:
        """The first edge of each row, and the end of all, int64 (num_rows + 1,)."""
        return torch.cat([self.row_edges.new_zeros(1), self.row_edges.cumsum(0)])

    @cached_property
    def row_alike(self) -> Tensor | None:
        """The row of each row's first alike block, int64 (num_rows,); None if all are their own."""
        rows = {piece.index: piece.rows.start for piece in self.slices}
        starts = [rows[self.first_alike(piece)] for piece in self.slices]
        own = [piece.rows.start for piece in self.slices]
        if starts == own:
            return None
        shifts = torch.tensor(starts, dtype=torch.int64) - torch.tensor(own, dtype=torch.int64)
        counts = torch.tensor([piece.networks for piece in self.slices], dtype=torch.int64)
        return (torch.arange(self.num_rows) + shifts.repeat_interleave(counts)).to(self.device)

    @cached_property
    def rows_per_network(self) -> Tensor:
        """The number of blocks of each network, int64 (num_networks,)."""
        counts = [len(part.layout.blocks) for part in self.parts for _ in range(part.networks)]
        return torch.tensor(counts, device=self.device)

    @cached_property
    def node_group(self) -> Tensor:
        """The row of its group, over all parts, of each node, int64 (num_nodes,)."""
        rows, start = [], 0
        for plan in self.parts:
            rows.append((plan.layout.node_group + start).repeat(plan.networks))
            start += len(plan.layout.group_columns)
        return torch.cat(rows).to(self.device)


def backwards(block: BlockLayout) -> bool:
    """Say whether an end runs backwards along an axis, which no view can."""
    return any(stride < 0 for stride in (*block.source_strides, *block.target_strides))


def end(plan: PartPlan, of: BlockEnd) -> End:
    """Describe one end of a block as a strided view over (networks, *shape)."""
    return End(
        start=plan.node_start + of.start,
        sizes=(plan.networks, *of.sizes),
        strides=(plan.layout.num_nodes, *of.strides),
        summed=of.summed,
        fan=of.fan,
    )


_plans: OrderedDict[tuple[object, ...], Plan] = OrderedDict()
_lock = Lock()


def plan_of(batch: Batch, taps: int) -> Plan:
    """Give the plan of a batch, the same one for batches of the same networks in number and kind.

        plan_of(batch, taps=3) is plan_of(Batch.from_graphs(others), taps=3)

    Those that were asked for lately are kept.
    """
    parts = tuple((part.template, len(part.positions)) for part in batch.parts)
    key = (parts, taps, batch.parts[0].values.device)
    with _lock:
        plan = _plans.pop(key, None)
    if plan is None:
        # What is kept serves training, too, where the first batch may only have been predicted on.
        with torch.inference_mode(False):
            plan = Plan(batch, taps)
            plan.prepare()
    with _lock:
        _plans[key] = plan
        left = KEPT_EDGES - sum(kept.num_edges for kept in _plans.values())
        while _plans and (left < 0 or len(_plans) > KEPT_PLANS):
            _, oldest = _plans.popitem(last=False)
            left += oldest.num_edges
    return plan
