"""One round of updates of edges, nodes and the global state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from metanet.backends import Backend
from metanet.backends.backend import EdgeRule, EdgeWeights
from metanet.models.gmn.form import Form
from metanet.plan import Plan


@dataclass(frozen=True)
class States:
    """What a GMN knows of a batch: states of edges, nodes, blocks, and of each network.

    `conditions` is what the batch says of each network, `answers` what output neurons say to the
    probes, (networks, outputs * probes); they are never updated.
    """

    plan: Plan
    edges: Tensor
    nodes: Tensor
    blocks: Tensor
    networks: Tensor | None = None
    conditions: Tensor | None = None
    answers: Tensor | None = None


class GMNLayer(nn.Module):
    """One round of updates; see `Trunk`."""

    def __init__(
        self,
        hidden: int,
        form: Form,
        rule: EdgeRule,
        *,
        multiply: bool = False,
        global_state: bool = False,
        directed: bool = True,
        conditioned: bool = False,
    ) -> None:
        super().__init__()
        self.rule = rule
        edge, row = form.edge_hidden, form.row_hidden or form.edge_hidden
        activation = nn.SiLU if rule.activation == "silu" else nn.ReLU
        self.edge_norm = nn.Parameter(torch.ones(edge)) if rule.norm else None
        self.node_norm = nn.LayerNorm(hidden) if rule.norm else nn.Identity()
        self.from_edge = nn.Linear(edge, edge, bias=False)
        self.from_source = nn.Linear(hidden, edge, bias=False)
        self.directed = directed
        self.from_target = nn.Linear(hidden, edge, bias=False) if directed else self.from_source
        self.from_row = nn.Linear(hidden, row)
        self.row_map: nn.Sequential | None = None
        if form.row_hidden is not None:
            self.row_map = nn.Sequential(activation(), nn.Linear(row, edge, bias=False))
        self.to_edge = edge_change(edge, form.diagonal)
        received = (2 if global_state else 1) * hidden + 2 * edge
        self.to_node = nn.Sequential(
            nn.Linear(received, form.node_hidden),
            activation(),
            nn.Linear(form.node_hidden, hidden),
        )
        self.edge_factor: nn.Linear | None = None
        self.source_factor: nn.Linear | None = None
        if multiply:
            self.edge_factor = nn.Linear(edge, edge, bias=False)
            self.source_factor = nn.Linear(hidden, edge, bias=False)
        if global_state:
            self.network_norm = nn.LayerNorm(hidden) if rule.norm else nn.Identity()
            self.from_network = nn.Linear(hidden, row, bias=False)
            self.to_network = nn.Sequential(
                nn.Linear(2 * hidden + 2 * edge, 2 * hidden),
                activation(),
                nn.Linear(2 * hidden, hidden),
            )
        self.from_conditions = nn.Linear(hidden, row, bias=False) if conditioned else None

    def forward(self, backend: Backend, states: States) -> States:
        """Give the new states of edges, nodes and networks."""
        plan, networks = states.plan, states.networks
        normed = self.node_norm(states.nodes)
        context = None if networks is None else self.network_norm(networks)
        edges, into, out_of = backend.update_edges(
            plan,
            self.rule,
            self.weights(),
            states.edges,
            self.from_source(normed),
            self.from_target(normed),
            self.of_rows(states, context),
            None if self.source_factor is None else self.source_factor(normed),
        )
        if not self.directed:
            into = out_of = (into + out_of) / 2
        received = torch.cat([normed, into, out_of], dim=1)
        nodes = states.nodes + self.of_nodes(plan, received, context)
        if networks is not None and context is not None:
            total = received.new_zeros(len(networks), received.shape[1])
            total = total.index_add(0, plan.node_network, received)
            if self.rule.aggregation != "sum":
                total = total / plan.nodes_per_network.to(total.dtype).unsqueeze(1)
            networks = networks + self.to_network(torch.cat([context, total], dim=1))
        return replace(states, edges=edges, nodes=nodes, networks=networks)

    def of_rows(self, states: States, context: Tensor | None) -> Tensor:
        """Give what each row, a block of a network, adds to the messages of its edges."""
        plan = states.plan
        rows: Tensor = self.from_row(states.blocks)[plan.row_block]
        shared = None if context is None else self.from_network(context)
        if self.from_conditions is not None and states.conditions is not None:
            conditions = self.from_conditions(states.conditions)
            shared = conditions if shared is None else shared + conditions
        if shared is not None:
            rows = rows + shared[plan.row_network]
        return rows if self.row_map is None else self.row_map(rows)

    def of_nodes(self, plan: Plan, received: Tensor, context: Tensor | None) -> Tensor:
        """Give the change of each node; what it reads of the network is mapped once for all."""
        if context is None:
            change: Tensor = self.to_node(received)
            return change
        first = cast(nn.Linear, self.to_node[0])
        width = context.shape[1]
        own, shared, messages = first.weight.split([width, width, received.shape[1] - width], dim=1)
        inner = nn.functional.linear(received, torch.cat([own, messages], dim=1))
        inner = inner + nn.functional.linear(context, shared, first.bias)[plan.node_network]
        result: Tensor = self.to_node[2](self.to_node[1](inner))
        return result

    def weights(self) -> EdgeWeights:
        """Give the weights of the edge update; those of the norm go into the maps after it."""
        matrices = [self.from_edge.weight]
        if self.edge_factor is not None:
            matrices.append(self.edge_factor.weight)
        if self.edge_norm is not None:
            matrices = [matrix * self.edge_norm for matrix in matrices]
        outer = self.to_edge if isinstance(self.to_edge, Tensor) else self.to_edge.weight
        return EdgeWeights(matrices[0], outer, *matrices[1:])


def edge_change(width: int, diagonal: bool) -> nn.Parameter | nn.Linear:
    """Make the map of messages to the change of their edges: a matrix, or its diagonal."""
    if diagonal:
        return nn.Parameter(torch.empty(width).uniform_(-1, 1))
    return nn.Linear(width, width, bias=False)
