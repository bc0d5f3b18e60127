"""ScaleGMN: graph metanetworks that know of sign and scale symmetries."""

from __future__ import annotations

import torch
from torch import Tensor, nn

import graphgen
from metanet.batch import Batch, Part
from metanet.errors import MetanetError
from metanet.models.chain import ChainLayer, bias_of, chain, weight_of
from metanet.models.encoder import waves
from metanet.models.metanet import Metanet, head
from metanet.models.scale_layer import ScaleGMNLayer, ScaleInvariant
from metanet.models.scales import edge_scales, layer_scales
from metanet.models.side_inputs import SIDE, ConditionEncoder
from metanet.options import OPTIONS
from metanet.sources import Net, architecture_of
from spec import Architecture


class ScaleGMN(Metanet, options=OPTIONS):
    """ScaleGMN: a graph metanetwork whose answer sign and scale symmetries leave as it is.

        model = metanet.ScaleGMN(net, hidden=64, bidirectional=True)

    Kalogeropoulos, Bouritsas, Panagakis, *Scale equivariant graph metanetworks* (NeurIPS 2024).
    Besides permutations of hidden neurons, its prediction does not change where a neuron's bias and
    incoming weights are multiplied by a number and its outgoing weights divided by it, for all
    numbers with which the function stays as it is (`graphgen.scalings`): any positive number before
    ReLU, -1 before tanh, none before ReLU and then tanh. A neuron's state is multiplied along with
    it, an edge's by the quotient of its ends. For chains with such numbers in some layer, with the
    number of layers, the channels, the outer sizes and the scalings of `net`. `bidirectional` sends
    messages against the direction of computation too.
    """

    def __init__(
        self,
        net: Net,
        hidden: int = 64,
        layers: int = 4,
        outputs: int = 1,
        *,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        net = architecture_of(net)
        self.trunk = ScaleGMNTrunk(net, hidden, layers, bidirectional=bidirectional)
        depth = len(self.trunk.chain)
        self.invariants = nn.ModuleList(
            ScaleInvariant(hidden, hidden) for _ in range(2 * depth - 1)
        )
        self.head = head(2 * depth * hidden, 2 * hidden, outputs, dropout)

    def embed(self, batch: Batch) -> Tensor:
        """Give the state of each network that the head reads, (networks, width)."""
        trunk = self.trunk
        scales = (*trunk.scales[1:-1], *trunk.edge_scales)
        rows = []
        for part in batch.parts:
            nodes, edges = trunk(part)
            states = (state.flatten(1, -2) for state in (*nodes[1:-1], *edges))
            read = zip(self.invariants, states, scales, strict=True)
            means = [invariant(state, scale).mean(1) for invariant, state, scale in read]
            rows.append(torch.cat([*means, nodes[-1].mean(1)], dim=1))
        return torch.cat(rows)[batch.order]


class ScaleGMNTrunk(nn.Module):
    """Encoders and layers of ScaleGMN: what its predictor and its editor share.

    `conditions`, numbers of each network, multiply the first states, so that these scale as before.
    """

    def __init__(
        self,
        net: Architecture,
        hidden: int,
        layers: int,
        *,
        bidirectional: bool,
        conditions: int = SIDE.conditions,
    ) -> None:
        super().__init__()
        template = graphgen.template(net)
        self.chain = chain(template, "ScaleGMN")
        self.scales = layer_scales(template, self.chain)
        self.edge_scales = edge_scales(self.scales)
        self.edge_encoders = nn.ModuleList(
            nn.Linear(layer.channels, hidden, bias=False) for layer in self.chain
        )
        self.bias_encoders = nn.ModuleList(nn.Linear(1, hidden, bias=False) for _ in self.chain)
        self.first = nn.Parameter(torch.randn(hidden) / hidden**0.5)
        self.output = nn.Linear(hidden, hidden)
        self.layers = nn.ModuleList(
            ScaleGMNLayer(hidden, self.scales, bidirectional) for _ in range(layers)
        )
        self.conditions: nn.ModuleList | None = None
        if conditions:
            self.conditions = nn.ModuleList(ConditionEncoder(conditions, hidden) for _ in range(2))

    def forward(self, part: Part) -> tuple[list[Tensor], list[Tensor]]:
        """Give last states: nodes (networks, n, h) by layer, edges (networks, out, in, h)."""
        layers = self.layers_of(part)
        nodes, edges = self.first_states(part, layers)
        if self.conditions is not None:
            on_nodes, on_edges = (1 + encoder(part) for encoder in self.conditions)
            nodes = [state * on_nodes[:, None] for state in nodes]
            edges = [state * on_edges[:, None, None] for state in edges]
        for layer in self.layers:
            nodes, edges = layer(nodes, edges)
        return [*nodes[:-1], self.output(nodes[-1])], edges

    def layers_of(self, part: Part) -> tuple[ChainLayer, ...]:
        """Read the networks of a part as a chain that fits."""
        layers = chain(part.template, "ScaleGMN")
        if shape_of(layers) != shape_of(self.chain):
            raise MetanetError(
                "this ScaleGMN was made for another number of layers, other channels, inputs or "
                "outputs than a network of the batch has"
            )
        if layer_scales(part.template, layers) != self.scales:
            raise MetanetError(
                "this ScaleGMN was made for networks whose neurons scale otherwise than those of a "
                "network of the batch, whose hidden layers have the steps "
                + "; ".join(", ".join(layer.steps) or "none" for layer in layers[:-1])
            )
        return layers

    def first_states(
        self, part: Part, layers: tuple[ChainLayer, ...]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Give first states: nodes (networks, n, h) by layer, edges (networks, out, in, h)."""
        networks = len(part.positions)
        places = waves(layers[0].in_features, self.first)
        nodes = [(self.first + places).expand(networks, -1, -1)]
        edges = []
        for layer, edge, bias in zip(layers, self.edge_encoders, self.bias_encoders, strict=True):
            nodes.append(bias(bias_of(part, layer).unsqueeze(2)))
            edges.append(edge(weight_of(part, layer)))
        nodes[-1] = nodes[-1] + waves(layers[-1].out_features, self.first)
        return nodes, edges


def shape_of(layers: tuple[ChainLayer, ...]) -> tuple[int, ...]:
    """Give what networks that one ScaleGMN takes have in common."""
    ends = layers[0].in_features, layers[-1].out_features
    return (*ends, *(layer.channels for layer in layers))
