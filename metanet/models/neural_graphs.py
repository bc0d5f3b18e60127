"""Neural graphs: neurons as nodes with their biases, weights as edges."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from metanet.batch import Part
from metanet.errors import MetanetError
from metanet.models.chain import ChainLayer, bias_of, chain, weight_of
from metanet.models.encoder import waves
from metanet.models.probes import features_of, probes_of
from metanet.models.side_inputs import ConditionEncoder, SideInputs, parts_by_channel

KERNEL_TAPS = 3
"""The widest kernel that is read as channels, unless a model is told otherwise."""
ACTIVATIONS = ("", "relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid", "sine", "other")


@dataclass
class NeuralGraph:
    """States of the networks of a part.

    `nodes[l]` (networks, n_l, h), layer 0 the inputs; `edges[l]` (networks, n_(l+1), n_l, h).
    """

    nodes: list[Tensor]
    edges: list[Tensor]


class NeuralGraphEncoder(nn.Module):
    """First states of neural graphs: biases on nodes, weights on edges, and positions.

    Kernels of at most `kernel_taps` along an axis lie in the middle of a grid of channels. Input
    and output neurons are told apart by waves over their place, hidden layers by their depth. With
    `probes`, hidden and output neurons have their activations at learned inputs, and with
    `node_features` what a batch brings for them.
    """

    def __init__(self, hidden: int, kernel_taps: int, options: SideInputs) -> None:
        super().__init__()
        channels, conditions = options.channels, options.conditions
        self.taps, self.channels = kernel_taps, channels
        self.weight = nn.Linear(kernel_taps**2 * channels, hidden)
        self.bias = nn.Linear(channels, hidden)
        self.activation = nn.Embedding(len(ACTIVATIONS), hidden)
        self.depth = nn.Linear(1, hidden)
        self.ends = nn.Embedding(3, hidden)
        self.places = nn.Linear(hidden, hidden, bias=False)
        self.probes = probes_of(options)
        self.node_features = options.node_features
        self.features: nn.Linear | None = None
        if features := options.probes + options.node_features:
            self.features = nn.Linear(features, hidden, bias=False)
        self.conditions: nn.ModuleList | None = None
        if conditions:
            self.conditions = nn.ModuleList(ConditionEncoder(conditions, hidden) for _ in range(2))

    def forward(self, part: Part, method: str) -> NeuralGraph:
        """Encode the networks of a part."""
        layers = chain(part.template, method)
        last = len(layers)
        networks = len(part.positions)
        sources = parts_by_channel(part, self.channels)
        first = part.values.new_zeros(networks, layers[0].in_features, self.channels)
        graph = NeuralGraph([self.node(first, "", 0, last)], [])
        for number, layer in enumerate(layers, start=1):
            biases = torch.stack([bias_of(source, layer) for source in sources], dim=2)
            graph.nodes.append(self.node(biases, layer.activation, number, last))
            taps = [self.grid(source, layer, method) for source in sources]
            graph.edges.append(self.weight(torch.cat(taps, dim=3)))
        if self.features is not None:
            features = self.features(features_of(part, self.node_features, self.probes))
            for number, layer in enumerate(layers, start=1):
                own = slice(layer.first_node, layer.first_node + layer.out_features)
                graph.nodes[number] = graph.nodes[number] + features[:, own]
        if self.conditions is not None:
            on_nodes, on_edges = (encoder(part) for encoder in self.conditions)
            graph.nodes = [state + on_nodes[:, None] for state in graph.nodes]
            graph.edges = [state + on_edges[:, None, None] for state in graph.edges]
        return graph

    def node(self, biases: Tensor, activation: str, number: int, last: int) -> Tensor:
        """Encode the neurons of one layer."""
        name = activation if activation in ACTIVATIONS else "other"
        kind = 0 if number == 0 else 2 if number == last else 1
        constant = (
            self.activation.weight[ACTIVATIONS.index(name)]
            + self.ends.weight[kind]
            + self.depth(biases.new_tensor([number / last]))
        )
        state: Tensor = self.bias(biases) + constant
        if kind != 1:
            state = state + self.places(waves(biases.shape[1], state))
        return state

    def grid(self, part: Part, layer: ChainLayer, method: str) -> Tensor:
        """Put a layer's taps into the middle of the grid, (networks, out, in, taps * taps)."""
        weights = weight_of(part, layer)
        kernel, rows, columns = self.window(part, layer, method)
        grid = weights.new_zeros(*weights.shape[:3], self.taps, self.taps)
        grid[..., rows, columns] = weights.unflatten(3, kernel)
        return grid.flatten(3)

    def window(
        self, part: Part, layer: ChainLayer, method: str
    ) -> tuple[tuple[int, ...], slice, slice]:
        """Give a layer's kernel size, and the rows and columns of the grid where it lies."""
        shape = next(b.shape for b in part.template.blocks if b.tensor == layer.weight)
        if layer.channels > 1 and len(shape) > 4:
            raise MetanetError(
                f"{method} was made for kernels of one or two axes, got "
                f"{' x '.join(map(str, shape[2:]))} at {layer.weight!r}. GMN takes any network"
            )
        kernel = (1, 1, *shape[2:])[-2:] if layer.channels > 1 else (1, 1)
        if max(kernel) > self.taps:
            raise MetanetError(
                f"{method} was made for kernels of at most {self.taps} x {self.taps}, got "
                f"{' x '.join(map(str, kernel))} at {layer.weight!r}: set `kernel_taps`"
            )
        top, left = ((self.taps - size) // 2 for size in kernel)
        return kernel, slice(top, top + kernel[0]), slice(left, left + kernel[1])


def pooled(nodes: Tensor, outputs: Tensor) -> Tensor:
    """Average all nodes, and the output neurons, side by side."""
    return torch.cat([nodes.mean(1), outputs.mean(1)], dim=1)
