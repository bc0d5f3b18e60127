"""ScaleGMN: graph metanetworks that know of sign and scale symmetries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

import graphgen
import spec
from metanet.batch import Batch, Part
from metanet.errors import MetanetError
from metanet.models.chain import ChainLayer, bias_of, chain, weight_of
from metanet.models.encoder import waves
from metanet.models.metanet import Metanet, architecture_of, head
from metanet.models.side_inputs import ConditionEncoder, check_side_inputs

POSITIVE, ODD = ("relu", "leaky_relu"), ("tanh", "sine", "softsign")


class ScaleGMN(Metanet):
    """ScaleGMN: a graph metanetwork whose answer sign and scale symmetries leave as it is.

        model = metanet.ScaleGMN(net, hidden=64, bidirectional=True)

    Kalogeropoulos, Bouritsas, Panagakis, *Scale equivariant graph metanetworks* (NeurIPS 2024).
    Besides permutations of hidden neurons, its prediction does not change where a neuron's bias and
    incoming weights are multiplied by a number and its outgoing weights divided by it: any positive
    number after ReLU and leaky ReLU, -1 after tanh, sine and softsign. A neuron's state is
    multiplied along with it, an edge's by the quotient of its ends. For chains of one kind of
    activation, with the number of layers, the channels and the outer sizes of `net`.
    `bidirectional` sends messages against the direction of computation too.
    """

    def __init__(
        self,
        net: spec.Architecture | Mapping[str, Any],
        hidden: int = 64,
        layers: int = 4,
        outputs: int = 1,
        *,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        net = architecture_of(net)
        super().__init__(
            net=net, hidden=hidden, layers=layers, outputs=outputs,
            bidirectional=bidirectional, dropout=dropout,
        )  # fmt: skip
        self.trunk = ScaleGMNTrunk(net, hidden, layers, bidirectional=bidirectional)
        depth = len(self.trunk.chain)
        self.invariants = nn.ModuleList(
            ScaleInvariant(hidden, hidden, self.trunk.positive) for _ in range(2 * depth - 1)
        )
        self.head = head(2 * depth * hidden, 2 * hidden, outputs, dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch, (networks, outputs)."""
        rows = []
        for part in batch.parts:
            nodes, edges = self.trunk(part)
            states = [state.flatten(1, -2) for state in (*nodes[1:-1], *edges)]
            rows.append(
                torch.cat(
                    [
                        *(f(s).mean(1) for f, s in zip(self.invariants, states, strict=True)),
                        nodes[-1].mean(1),
                    ],
                    dim=1,
                )
            )
        return self.head(torch.cat(rows)[batch.order])


class ScaleGMNTrunk(nn.Module):
    """Encoders and layers of ScaleGMN: what its predictor and its editor share.

    `conditions`, numbers of each network, multiply the first states, so that these scale as before.
    """

    def __init__(
        self,
        net: spec.Architecture,
        hidden: int,
        layers: int,
        *,
        bidirectional: bool = False,
        conditions: int = 0,
    ) -> None:
        super().__init__()
        check_side_inputs(1, conditions)
        self.chain = chain(graphgen.template(net), "ScaleGMN")
        self.positive = symmetry(self.chain) == "positive"
        self.edge_encoders = nn.ModuleList(
            nn.Linear(layer.channels, hidden, bias=False) for layer in self.chain
        )
        self.bias_encoders = nn.ModuleList(nn.Linear(1, hidden, bias=False) for _ in self.chain)
        self.first = nn.Parameter(torch.randn(hidden) / hidden**0.5)
        self.output = nn.Linear(hidden, hidden)
        self.layers = nn.ModuleList(
            ScaleGMNLayer(hidden, self.positive, bidirectional) for _ in range(layers)
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
        if signature(layers) != signature(self.chain):
            raise MetanetError(
                "this ScaleGMN was made for another number of layers, other channels, "
                "activations, inputs or outputs than a network of the batch has"
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


def symmetry(layers: tuple[ChainLayer, ...]) -> str:
    """Say which scales the activations of all hidden neurons let through."""
    names = {layer.activation for layer in layers[:-1]}
    if names and names <= set(POSITIVE):
        return "positive"
    if names and names <= set(ODD):
        return "sign"
    raise MetanetError(
        f"ScaleGMN needs hidden activations among {', '.join(POSITIVE)}, or among "
        f"{', '.join(ODD)}; the architecture has {', '.join(sorted(names)) or 'none'}, so there is "
        "no scaling symmetry to build in"
    )


def signature(layers: tuple[ChainLayer, ...]) -> tuple[Any, ...]:
    """Give what networks that one ScaleGMN takes have in common."""
    ends = layers[0].in_features, layers[-1].out_features
    return (*ends, symmetry(layers), *(layer.channels for layer in layers))


class ScaleInvariant(nn.Module):
    """A function of states that their scale does not change: (..., inputs) to (..., outputs).

    With positive scales an MLP of the normed state; with signs MLP(x) + MLP(-x). Paper, section 4.
    """

    def __init__(self, inputs: int, outputs: int, positive: bool) -> None:
        super().__init__()
        self.positive = positive
        self.inner, self.outer = nn.Linear(inputs, outputs), nn.Linear(outputs, outputs)

    def forward(self, states: Tensor) -> Tensor:
        """Apply."""
        if self.positive:
            result: Tensor = self.outer(nn.functional.silu(self.inner(unit(states))))
            return result
        linear = nn.functional.linear(states, self.inner.weight)
        both = nn.functional.silu(linear + self.inner.bias)
        both = both + nn.functional.silu(self.inner.bias - linear)
        result = self.outer(both)
        return result


class ScaleEquivariant(nn.Module):
    """A function of states that scales with them: a linear map times an invariant of them all."""

    def __init__(self, inputs: int, outputs: int, positive: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=False)
        self.invariant = ScaleInvariant(inputs, outputs, positive)

    def forward(self, states: Tensor) -> Tensor:
        """Apply."""
        result: Tensor = self.linear(states) * self.invariant(states)
        return result


class ScaleGMNLayer(nn.Module):
    """One round of updates of nodes and edges that keeps their scales apart."""

    def __init__(self, hidden: int, positive: bool, bidirectional: bool) -> None:
        super().__init__()
        self.positive = positive
        directions = 2 if bidirectional else 1
        self.by_node = nn.Linear(hidden, hidden, bias=False)
        self.by_edge = nn.Linear(hidden, hidden, bias=False)
        self.back_node: nn.Linear | None = None
        if bidirectional:
            self.back_node = nn.Linear(hidden, hidden, bias=False)
            self.back_edge = nn.Linear(hidden, hidden, bias=False)
            self.back_message = ScaleInvariant(hidden, hidden, positive)
            self.back_target = ScaleInvariant(hidden, hidden, positive)
        self.update = ScaleEquivariant((1 + directions) * hidden, hidden, positive)
        self.edge_linear = nn.Linear(hidden, hidden, bias=False)
        self.edge_invariant = ScaleInvariant(hidden, hidden, positive)
        self.ends = nn.ModuleList(ScaleInvariant(hidden, hidden, positive) for _ in range(2))

    def forward(
        self, nodes: list[Tensor], edges: list[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Give the next states."""
        known = [[state] for state in nodes]
        for index, edge in enumerate(edges):
            source, target = nodes[index], nodes[index + 1]
            messages = self.by_edge(edge) * self.by_node(source).unsqueeze(1)
            known[index + 1].append(messages.mean(2))
            if self.back_node is not None:
                known[index].append(self.returned(source, target, edge, messages))
        known[0].insert(1, torch.zeros_like(nodes[0]))
        if self.back_node is not None:
            known[-1].append(torch.zeros_like(nodes[-1]))
        new_edges = []
        for index, edge in enumerate(edges):
            ends = self.ends[0](nodes[index]).unsqueeze(1) + self.ends[1](
                nodes[index + 1]
            ).unsqueeze(2)
            gate = nn.functional.silu(self.edge_invariant(edge) + ends)
            new_edges.append(edge + self.edge_linear(edge) * gate)
        new_nodes = [
            state + self.update(torch.cat(parts, dim=-1))
            for state, parts in zip(nodes, known, strict=True)
        ]
        return new_nodes, new_edges

    def returned(self, source: Tensor, target: Tensor, edge: Tensor, messages: Tensor) -> Tensor:
        """Average what targets tell their source, which must scale with the source.

        A sign is its own inverse, so the edge times the target's state does. A positive factor
        would have to be divided out, which explodes for small weights; there the source's own state
        is multiplied by invariants of its message and of the target.
        """
        if self.back_node is None:
            return torch.zeros_like(source)
        if not self.positive:
            return (self.back_edge(edge) * self.back_node(target).unsqueeze(2)).mean(1)
        told = self.back_message(messages) + self.back_target(target).unsqueeze(2)
        return nn.functional.silu(told).mean(1) * self.back_node(source)


def unit(states: Tensor) -> Tensor:
    """Divide states by their length; what is too small to be divided becomes zero."""
    largest = states.detach().abs().amax(-1, keepdim=True)  # so that no square is lost
    some = largest > 1e-30
    scaled = torch.where(some, states / torch.where(some, largest, 1), 0)
    squares = scaled.square().sum(-1, keepdim=True)
    return scaled * torch.where(some, squares, 1).rsqrt()
