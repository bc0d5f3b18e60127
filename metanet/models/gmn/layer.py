"""One round of updates of edges, nodes and the global state."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from metanet.backends import Backend
from metanet.backends.backend import EdgeRule, EdgeWeights
from metanet.plan import Plan


@dataclass(frozen=True)
class States:
    """What a GMN knows of a batch: states of edges, nodes, blocks, and of each network.

    `conditions` is what the batch says of each network; it is never updated.
    """

    plan: Plan
    edges: Tensor
    nodes: Tensor
    blocks: Tensor
    networks: Tensor | None = None
    conditions: Tensor | None = None


class GMNLayer(nn.Module):
    """One round of updates; see `Trunk`."""

    def __init__(
        self,
        hidden: int,
        rule: EdgeRule,
        *,
        multiply: bool = False,
        global_state: bool = False,
        directed: bool = True,
        conditioned: bool = False,
    ) -> None:
        super().__init__()
        self.rule = rule
        activation = nn.SiLU if rule.activation == "silu" else nn.ReLU
        self.edge_norm = nn.Parameter(torch.ones(hidden)) if rule.norm else None
        self.node_norm = nn.LayerNorm(hidden) if rule.norm else nn.Identity()
        self.from_edge = nn.Linear(hidden, hidden, bias=False)
        self.from_source = nn.Linear(hidden, hidden, bias=False)
        self.directed = directed
        self.from_target = nn.Linear(hidden, hidden, bias=False) if directed else self.from_source
        self.from_row = nn.Linear(hidden, hidden)
        self.to_edge = nn.Linear(hidden, hidden, bias=False)
        received = (4 if global_state else 3) * hidden
        self.to_node = nn.Sequential(
            nn.Linear(received, 2 * hidden), activation(), nn.Linear(2 * hidden, hidden)
        )
        self.edge_factor: nn.Linear | None = None
        self.source_factor: nn.Linear | None = None
        if multiply:
            self.edge_factor = nn.Linear(hidden, hidden, bias=False)
            self.source_factor = nn.Linear(hidden, hidden, bias=False)
        if global_state:
            self.network_norm = nn.LayerNorm(hidden) if rule.norm else nn.Identity()
            self.from_network = nn.Linear(hidden, hidden, bias=False)
            self.to_network = nn.Sequential(
                nn.Linear(4 * hidden, 2 * hidden), activation(), nn.Linear(2 * hidden, hidden)
            )
        self.from_conditions = nn.Linear(hidden, hidden, bias=False) if conditioned else None

    def forward(self, backend: Backend, states: States) -> States:
        """Give the new states of edges, nodes and networks."""
        plan, networks = states.plan, states.networks
        normed = self.node_norm(states.nodes)
        rows = self.from_row(states.blocks)[plan.row_block]
        if self.from_conditions is not None and states.conditions is not None:
            rows = rows + self.from_conditions(states.conditions)[plan.row_network]
        known = [normed]
        if networks is not None:
            context = self.network_norm(networks)
            rows = rows + self.from_network(context)[plan.row_network]
            known.append(context[plan.node_network])
        factor = None if self.source_factor is None else self.source_factor(normed)
        edges, into, out_of = backend.update_edges(
            plan,
            self.rule,
            self.weights(),
            states.edges,
            self.from_source(normed),
            self.from_target(normed),
            rows,
            factor,
        )
        if not self.directed:
            into = out_of = (into + out_of) / 2
        nodes = states.nodes + self.to_node(torch.cat([*known, into, out_of], dim=1))
        if networks is not None:
            total = nodes.new_zeros(len(networks), 3 * nodes.shape[1])
            received = torch.cat([normed, into, out_of], dim=1)
            total = total.index_add(0, plan.node_network, received)
            if self.rule.mean:
                total = total / plan.nodes_per_network.to(total.dtype).unsqueeze(1)
            networks = networks + self.to_network(torch.cat([context, total], dim=1))
        return replace(states, edges=edges, nodes=nodes, networks=networks)

    def weights(self) -> EdgeWeights:
        """Give the weights of the edge update; those of the norm go into the maps after it."""
        matrices = [self.from_edge.weight]
        if self.edge_factor is not None:
            matrices.append(self.edge_factor.weight)
        if self.edge_norm is not None:
            matrices = [matrix * self.edge_norm for matrix in matrices]
        return EdgeWeights(matrices[0], self.to_edge.weight, *matrices[1:])
