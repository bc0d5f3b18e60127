"""GMN: the graph metanetwork."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metanet.backends import Backend, make_backend
from metanet.backends.backend import EdgeRule, EdgeWeights
from metanet.batch import Batch
from metanet.errors import MetanetError
from metanet.models.encoder import BlockEncoder, EdgeEncoder, NodeEncoder
from metanet.models.metanet import Metanet, head
from metanet.plan import Plan


class GMN(Metanet):
    """A graph network on parameter graphs (Lim et al., ICLR 2024, section 3).

        model = metanet.GMN(hidden=64, layers=4)
        prediction = model(batch)                 # (networks, outputs)

    Each layer updates every edge from its own state, its two nodes and its block, then every node
    from the messages of its incoming and, apart, of its outgoing edges:

        m = act(A norm(e) + B norm(x_source) + C norm(x_target) + D block)
        e = e + E m
        x = x + MLP(norm(x), mean_in(m), mean_out(m))

    The head reads each block's mean and standard deviation over its edges, through an MLP and
    averaged over blocks, and the mean and standard deviation over nodes.

    - `taps`: `folded` (kernels up to `kernel_taps` wide are channels of one edge) or `parallel`.
    - `aggregation`: `mean` (within each block, then summed over blocks) or `sum`.
    - `fan_in_power`: weights are multiplied by this power of their fan-in before encoding.
    - `backend`: `block` or `pyg`; the same parameters give the same numbers.

    Permuting a network's neurons changes nothing, nor do the other networks of a batch.
    """

    def __init__(
        self,
        hidden: int = 64,
        layers: int = 4,
        outputs: int = 1,
        *,
        backend: str = "block",
        taps: str = "folded",
        kernel_taps: int = 3,
        aggregation: str = "mean",
        fan_in_power: float = 0.5,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(
            hidden=hidden,
            layers=layers,
            outputs=outputs,
            backend=backend,
            taps=taps,
            kernel_taps=kernel_taps,
            aggregation=aggregation,
            fan_in_power=fan_in_power,
            dropout=dropout,
        )
        for name, value, options in (
            ("taps", taps, ("folded", "parallel")),
            ("aggregation", aggregation, ("mean", "sum")),
        ):
            if value not in options:
                raise MetanetError(f"`{name}` is {value!r}, expected one of {', '.join(options)}")
        self.backend: Backend = make_backend(backend)
        self.taps = kernel_taps if taps == "folded" else 0
        self.edge_encoder = EdgeEncoder(max(1, self.taps**2), hidden, fan_in_power)
        self.block_encoder = BlockEncoder(hidden)
        self.node_encoder = NodeEncoder(hidden)
        self.layers = nn.ModuleList(GMNLayer(hidden, aggregation == "mean") for _ in range(layers))
        self.node_norm = nn.LayerNorm(hidden)
        self.block_readout = nn.Sequential(
            nn.Linear(3 * hidden, 2 * hidden), nn.SiLU(), nn.Linear(2 * hidden, 2 * hidden)
        )
        self.head = head(4 * hidden, 2 * hidden, outputs, dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch, (networks, outputs)."""
        return self.head(self.embed(batch))

    def embed(self, batch: Batch) -> Tensor:
        """Give the state of each network that the head reads, (networks, 4 hidden)."""
        plan = Plan(batch, self.taps)
        edges, blocks, nodes = (
            self.edge_encoder(plan),
            self.block_encoder(plan),
            self.node_encoder(plan),
        )
        for layer in self.layers:
            edges, nodes = layer(self.backend, plan, edges, blocks, nodes)
        pooled = torch.cat(
            [
                self.read_blocks(plan, edges, blocks),
                pool_nodes(plan, self.node_norm(nodes)),
            ],
            dim=1,
        )
        return pooled[batch.order]

    def read_blocks(self, plan: Plan, edges: Tensor, blocks: Tensor) -> Tensor:
        """Read each block's mean and standard deviation, and average over a network's blocks."""
        moments = self.backend.row_moments(plan, edges, True)
        rows = self.block_readout(
            torch.cat([mean_and_deviation(torch.cat(moments, 1)), blocks[plan.row_block]], dim=1)
        )
        sums = rows.new_zeros(plan.num_networks, rows.shape[1])
        sums = sums.index_add(0, plan.row_network, rows)
        return sums / plan.rows_per_network.to(rows.dtype).unsqueeze(1)


def pool_nodes(plan: Plan, nodes: Tensor) -> Tensor:
    """Give mean and standard deviation over each network's nodes."""
    count = plan.nodes_per_network.to(nodes.dtype).unsqueeze(1)
    sums = nodes.new_zeros(plan.num_networks, 2 * nodes.shape[1])
    sums = sums.index_add(0, plan.node_network, torch.cat([nodes, nodes.square()], dim=1))
    return mean_and_deviation(sums / count)


def mean_and_deviation(moments: Tensor) -> Tensor:
    """Turn means of x and of x squared into mean and standard deviation."""
    mean, square = moments.chunk(2, dim=1)
    return torch.cat([mean, ((square - mean.square()).clamp_min(0) + 1e-5).sqrt()], dim=1)


class GMNLayer(nn.Module):
    """One round of updates of edges and nodes; see `GMN`."""

    def __init__(self, hidden: int, mean: bool) -> None:
        super().__init__()
        self.mean = mean
        self.edge_norm = nn.Parameter(torch.ones(hidden))
        self.node_norm = nn.LayerNorm(hidden)
        self.from_edge = nn.Linear(hidden, hidden, bias=False)
        self.from_source = nn.Linear(hidden, hidden, bias=False)
        self.from_target = nn.Linear(hidden, hidden, bias=False)
        self.from_row = nn.Linear(hidden, hidden)
        self.to_edge = nn.Linear(hidden, hidden, bias=False)
        self.to_node = nn.Sequential(
            nn.Linear(3 * hidden, 2 * hidden), nn.SiLU(), nn.Linear(2 * hidden, hidden)
        )

    def forward(
        self, backend: Backend, plan: Plan, edges: Tensor, blocks: Tensor, nodes: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Give the new edge and node states."""
        normed = self.node_norm(nodes)
        weights = EdgeWeights(self.from_edge.weight * self.edge_norm, self.to_edge.weight)
        edges, into, out_of = backend.update_edges(
            plan,
            EdgeRule(mean=self.mean),
            weights,
            edges,
            self.from_source(normed),
            self.from_target(normed),
            self.from_row(blocks)[plan.row_block],
        )
        received = torch.cat([normed, into, out_of], dim=1)
        return edges, nodes + self.to_node(received)
