"""The layer-wise readout: from the states of edges and nodes to one row for each network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from metanet.backends import Backend
from metanet.backends.backend import rms_norm
from metanet.models.gmn.layer import States
from metanet.options import ANSWERS, OUTPUTS
from metanet.plan import Plan
from metanet.views.weight_statistics import QUANTILES, quartiles

WIDTHS = {"quantiles": len(QUANTILES)}
"""How many numbers a statistic has for each channel, where it is not one."""


class Readout(nn.Module):
    """Statistics of each block's edges, through an MLP and averaged over a network's blocks.

    Beside them stand mean and standard deviation of the nodes, with `outputs` the mean of output
    neurons, with `answers` what an MLP reads in their `answers` numbers at probes, and the
    network's own state. Gives (networks, `width`), part by part.
    """

    def __init__(
        self,
        hidden: int,
        edge_hidden: int,
        statistics: Sequence[str],
        *,
        norm: bool,
        activation: str,
        global_state: bool,
        answers: int = 0,
    ) -> None:
        super().__init__()
        edges = tuple(name for name in statistics if name not in (OUTPUTS, ANSWERS))
        self.statistics, self.norm = edges, norm
        self.outputs = OUTPUTS in statistics
        self.node_norm = nn.LayerNorm(hidden) if norm else nn.Identity()
        inputs = hidden + edge_hidden * sum(WIDTHS.get(name, 1) for name in edges)
        self.block_readout = nn.Sequential(
            nn.Linear(inputs, 2 * hidden),
            nn.SiLU() if activation == "silu" else nn.ReLU(),
            nn.Linear(2 * hidden, 2 * hidden),
        )
        self.answer_readout: nn.Sequential | None = None
        if ANSWERS in statistics:
            self.answer_readout = nn.Sequential(
                nn.Linear(answers, 4 * hidden),
                nn.SiLU() if activation == "silu" else nn.ReLU(),
                nn.Linear(4 * hidden, 4 * hidden),
            )
        answered = 4 * (self.answer_readout is not None)
        self.width = (4 + self.outputs + global_state + answered) * hidden

    def forward(self, backend: Backend, states: States) -> Tensor:
        """Read the states of a batch."""
        plan = states.plan
        statistics = [*self.edge_statistics(backend, plan, states.edges)]
        rows = self.block_readout(torch.cat([*statistics, states.blocks[plan.row_block]], dim=1))
        sums = rows.new_zeros(plan.num_networks, rows.shape[1])
        sums = sums.index_add(0, plan.row_network, rows)
        pooled = [sums / plan.rows_per_network.to(rows.dtype).unsqueeze(1)]
        nodes = self.node_norm(states.nodes)
        pooled.append(pool_nodes(plan, nodes))
        if self.outputs:
            pooled.append(mean_of_outputs(plan, nodes))
        if states.networks is not None:
            pooled.append(states.networks)
        if self.answer_readout is not None and states.answers is not None:
            pooled.append(self.answer_readout(states.answers))
        return torch.cat(pooled, dim=1)

    def edge_statistics(self, backend: Backend, plan: Plan, edges: Tensor) -> list[Tensor]:
        """Give the chosen statistics of each row's edges, (num_rows, edge_hidden) or wider each."""
        moments = backend.row_moments(plan, edges, self.norm)
        mean, square = (over_alike_blocks(plan, moment) for moment in moments)
        variance = (square - mean.square()).clamp_min(0)
        made = {"mean": mean, "variance": variance}
        if "deviation" in self.statistics:
            made["deviation"] = (variance + 1e-5).sqrt()
        if "quantiles" in self.statistics:
            made["quantiles"] = row_quantiles(plan, rms_norm(edges) if self.norm else edges)
        return [made[name] for name in self.statistics]


def over_alike_blocks(plan: Plan, means: Tensor) -> Tensor:
    """Let the rows of alike blocks, whose edges a symmetry may exchange, have one mean."""
    first = plan.row_alike
    if first is None:
        return means
    counts = plan.row_edges.to(means.dtype).unsqueeze(1)
    sums = torch.zeros_like(means).index_add(0, first, means * counts)
    total = torch.zeros_like(counts).index_add(0, first, counts)
    return (sums / total.clamp_min(1))[first]


def row_quantiles(plan: Plan, edges: Tensor) -> Tensor:
    """Give the quantiles of each channel over each row's edges, (num_rows, quantiles * h).

    The edges of alike blocks are taken together.
    """
    together: dict[int, list[Tensor]] = {}
    firsts = [plan.first_alike(piece) for piece in plan.slices]
    for piece, first in zip(plan.slices, firsts, strict=True):
        block = edges[piece.start : piece.stop].view(piece.networks, -1, edges.shape[1])
        together.setdefault(first, []).append(block)
    found = {
        first: quartiles(torch.cat(blocks, dim=1), 1).flatten(1)
        for first, blocks in together.items()
    }
    return torch.cat([found[first] for first in firsts], dim=0)


def mean_of_outputs(plan: Plan, nodes: Tensor) -> Tensor:
    """Give the mean over each network's output neurons."""
    rows = []
    for part in plan.parts:
        groups = [group for group in part.template.node_groups if group.output >= 0]
        count = part.networks * part.layout.num_nodes
        own = nodes[part.node_start : part.node_start + count].view(
            part.networks, -1, nodes.shape[1]
        )
        outputs = [own[:, group.start : group.start + group.size] for group in groups]
        rows.append(torch.cat(outputs, dim=1).mean(1))
    return torch.cat(rows)


def pool_nodes(plan: Plan, nodes: Tensor) -> Tensor:
    """Give mean and standard deviation over each network's nodes."""
    count = plan.nodes_per_network.to(nodes.dtype).unsqueeze(1)
    sums = nodes.new_zeros(plan.num_networks, 2 * nodes.shape[1])
    sums = sums.index_add(0, plan.node_network, torch.cat([nodes, nodes.square()], dim=1)) / count
    mean, square = sums.chunk(2, dim=1)
    return torch.cat([mean, ((square - mean.square()).clamp_min(0) + 1e-5).sqrt()], dim=1)
