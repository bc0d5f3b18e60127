"""ScaleGMN: message passing with the scale and sign symmetries of activations built in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import graphgen
import spec
from graphgen import Template
from graphgen.symmetry.scalings import ODD, POSITIVE
from metanet.batch import Batch, Part
from metanet.errors import MetanetError
from metanet.layout import NODE_ORDER, node_order
from metanet.models.chain import ChainLayer, bias_of, chain, weight_of
from metanet.models.metanet import Metanet, head

LINEAR = ("bias", "mean_pool")


class ScaleGMN(Metanet):
    """Message passing that multiplying a neuron does not change (Kalogeropoulos et al. 2024).

        model = metanet.ScaleGMN(net, hidden=64, bidirectional=True)

    Kalogeropoulos, Bouritsas & Panagakis, *Scale equivariant graph metanetworks*, NeurIPS 2024.
    `net` says how many layers a chain has, the channels of each, and the symmetry: positive
    factors where all activations are positively homogeneous (ReLU), signs where all are odd (tanh,
    sine). Networks that agree in these may have any widths. Of a hidden layer without an
    activation, which allows both, the symmetry of the others is built in. With `bidirectional`,
    messages pass against the direction of computation, too.
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
        if not isinstance(net, spec.Architecture):
            net = spec.from_resolved(dict(net))
        super().__init__(
            net=net.resolved(), hidden=hidden, layers=layers, outputs=outputs,
            bidirectional=bidirectional, dropout=dropout,
        )  # fmt: skip
        template = graphgen.template(net)
        self.channels = tuple(layer.channels for layer in chain(template, "ScaleGMN"))
        self.symmetry = symmetry_kind(template)
        depth = len(self.channels)
        self.edges = nn.ModuleList(nn.Linear(c, hidden, bias=False) for c in self.channels)
        self.biases = nn.ModuleList(nn.Linear(1, hidden, bias=False) for _ in range(depth))
        self.sources = nn.Linear(NODE_ORDER, hidden)
        self.targets = nn.Linear(NODE_ORDER, hidden)
        self.layers = nn.ModuleList(
            ScaleLayer(hidden, self.symmetry, bidirectional) for _ in range(layers)
        )
        self.node_readout = NodeInvariants(hidden, self.symmetry, bidirectional)
        self.edge_readout = ScaleInvariant(1, hidden, self.symmetry)
        summaries = 2 * depth + bidirectional
        self.head = head(summaries * hidden, 2 * hidden, outputs, dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch, (networks, outputs)."""
        return self.head(torch.cat([self.summary(part) for part in batch.parts])[batch.order])

    def summary(self, part: Part) -> Tensor:
        """Give the invariants of a part's networks, (networks, summaries * hidden)."""
        states = self.encoded(part, self.checked(part.template))
        for layer in self.layers:
            states = layer(states)
        nodes = self.node_readout(states.nodes)
        means = [x.mean(1) for x in nodes if x is not None]
        means += [self.edge_readout(edge).mean((1, 2)) for edge in states.edges]
        return torch.cat(means, dim=1)

    def checked(self, template: Template) -> tuple[ChainLayer, ...]:
        """Read a template as a chain; `MetanetError` if it differs from that of the settings."""
        layers = chain(template, "ScaleGMN")
        channels = tuple(layer.channels for layer in layers)
        if channels != self.channels:
            raise MetanetError(
                f"this ScaleGMN takes chains with {list(self.channels)} channels in their layers; "
                f"the architecture {template.architecture[:12]} has {list(channels)}"
            )
        symmetry = symmetry_kind(template)
        if symmetry != self.symmetry:
            raise MetanetError(
                f"this ScaleGMN was made for networks of the symmetry {self.symmetry!r}; the "
                f"architecture {template.architecture[:12]} has {symmetry!r}"
            )
        return layers

    def encoded(self, part: Part, layers: Sequence[ChainLayer]) -> States:
        """Give first states: linear maps of weights and biases, waves at inputs and outputs."""
        groups = part.template.node_groups
        first = next(group for group in groups if group.kind == "input")
        last = next(group for group in groups if group.output >= 0)
        source = self.sources(node_order(first).to(part.values))
        nodes = [source.expand(len(part.positions), -1, -1)]
        nodes += [
            encode(bias_of(part, layer).unsqueeze(2))
            for encode, layer in zip(self.biases, layers, strict=True)
        ]
        nodes[-1] = nodes[-1] + self.targets(node_order(last).to(part.values))
        edges = [
            encode(weight_of(part, layer))
            for encode, layer in zip(self.edges, layers, strict=True)
        ]
        return States(nodes, edges)


def symmetry_kind(template: Template) -> str:
    """Say which factors the hidden neurons of a chain admit: `positive` or `sign`.

        symmetry_kind(graphgen.template(net))

    The cases of Kalogeropoulos, Bouritsas & Panagakis (NeurIPS 2024), section 3.
    """
    hidden = [g for g in template.node_groups if g.kind == "neuron" and g.output < 0]
    operations = {s.operation for g in hidden for s in g.steps} - set(LINEAR)
    if hidden and operations <= set(POSITIVE):
        return "positive"
    if hidden and operations <= set(ODD):
        return "sign"
    raise MetanetError(
        f"the architecture {template.architecture[:12]} has no scaling symmetry to build in: "
        + (f"hidden neurons apply {', '.join(sorted(operations))}" if hidden else "no hidden layer")
        + "; ScaleGMN takes ReLU and leaky ReLU, or odd functions such as tanh and sine"
    )


@dataclass(frozen=True)
class States:
    """States of one part: nodes (networks, size, hidden), edges (networks, out, in, hidden)."""

    nodes: list[Tensor]
    edges: list[Tensor]


def length(x: Tensor) -> Tensor:
    """Give norms over the last axis, kept; at zeros they and their gradients are exactly 0.

    length(torch.tensor([3.0, 4.0]))           # tensor([5.])
    """
    largest = x.detach().abs().amax(-1, keepdim=True)
    zero = largest == 0
    squares = (x / largest.masked_fill(zero, 1)).square().sum(-1, keepdim=True)
    return largest * squares.masked_fill(zero, 1).sqrt()


def inverse(x: Tensor) -> Tensor:
    """Give x / |x|², which is divided where x is multiplied; zeros stay zero.

    inverse(torch.tensor([0.0, 2.0]))          # tensor([0.0000, 0.5000])
    """
    norm = length(x)
    norm = norm.masked_fill(norm == 0, 1)
    return x / norm / norm


class Mixed(nn.Module):
    """A linear map of several arguments side by side, broadcast only after their own maps."""

    def __init__(self, arguments: int, hidden: int, bias: bool) -> None:
        super().__init__()
        self.maps = nn.ModuleList(
            nn.Linear(hidden, hidden, bias=bias and i == 0) for i in range(arguments)
        )

    def forward(self, *arguments: Tensor) -> Tensor:
        """Map and add the arguments."""
        first, *rest = [map_(x) for map_, x in zip(self.maps, arguments, strict=True)]
        for x in rest:
            first = first + x
        return first


class ScaleInvariant(nn.Module):
    """An MLP of arguments with one common factor, and of invariants, that the factor leaves as is.

        ScaleInvariant(2, hidden, "positive")(x, y, context=invariants)

    Kalogeropoulos et al. (NeurIPS 2024), section 5: arguments are divided by their norm
    (`positive`), or the MLP is summed over both signs (`sign`). `none` is an ordinary MLP.
    """

    def __init__(self, arguments: int, hidden: int, symmetry: str) -> None:
        super().__init__()
        self.symmetry = symmetry
        self.mixed = Mixed(arguments, hidden, bias=False)
        self.bias = nn.Parameter(torch.empty(hidden).uniform_(-1, 1) / hidden**0.5)
        self.last = nn.Linear(hidden, hidden)

    def forward(self, *arguments: Tensor, context: Tensor | None = None) -> Tensor:
        """Give invariants, in the shape that the arguments broadcast to."""
        inner = self.mixed(*arguments)
        offset = self.bias if context is None else self.bias + context
        if self.symmetry == "sign":
            return self.last(F.silu(offset + inner) + F.silu(offset - inner))
        if self.symmetry == "positive":
            norms = torch.broadcast_tensors(*(length(x) for x in arguments))
            norm = length(torch.cat(norms, dim=-1))
            inner = inner / norm.masked_fill(norm == 0, 1)
        return self.last(F.silu(offset + inner))


class ScaleEquivariant(nn.Module):
    """A map that multiplies with its arguments: a linear map times invariants.

        ScaleEquivariant(2, hidden, "sign")(x, y)

    Kalogeropoulos et al. (NeurIPS 2024), section 5.
    """

    def __init__(self, arguments: int, hidden: int, symmetry: str) -> None:
        super().__init__()
        self.linear = Mixed(arguments, hidden, bias=symmetry == "none")
        self.invariant = ScaleInvariant(arguments, hidden, symmetry)

    def forward(self, *arguments: Tensor, context: Tensor | None = None) -> Tensor:
        """Map the arguments, in the shape that they broadcast to."""
        return self.linear(*arguments) * self.invariant(*arguments, context=context)


class NodeInvariants(nn.Module):
    """Invariants of all nodes; those of inputs and outputs, which have no factor, by MLPs.

    NodeInvariants(hidden, "positive", inputs=False)(nodes)    # None for the inputs
    """

    def __init__(self, hidden: int, symmetry: str, inputs: bool) -> None:
        super().__init__()
        self.source = ScaleInvariant(1, hidden, "none") if inputs else None
        self.neuron = ScaleInvariant(1, hidden, symmetry)
        self.target = ScaleInvariant(1, hidden, "none")

    def forward(self, nodes: Sequence[Tensor]) -> list[Tensor | None]:
        """Give invariants for each layer of nodes."""
        source = None if self.source is None else self.source(nodes[0])
        return [source, *(self.neuron(x) for x in nodes[1:-1]), self.target(nodes[-1])]


class Message(nn.Module):
    """Messages along edges: of products of node and edge states, seen with the receiver.

        Message(hidden, "sign")(receiver, sender, edge)

    A product of linear maps takes both factors (ReScaleEq of Kalogeropoulos et al.), so that the
    receiver's is left.
    """

    def __init__(self, hidden: int, symmetry: str) -> None:
        super().__init__()
        self.sender = nn.Linear(hidden, hidden, bias=False)
        self.edge = nn.Linear(hidden, hidden, bias=False)
        self.message = ScaleEquivariant(2, hidden, symmetry)

    def forward(self, receiver: Tensor, sender: Tensor, edge: Tensor) -> Tensor:
        """Give messages, (networks, out, in, hidden); nodes come with an axis of size 1."""
        return self.message(receiver, self.sender(sender) * self.edge(edge))


class ScaleLayer(nn.Module):
    """One round: messages, new nodes, new edges, each with the factors of the old.

        ScaleLayer(hidden, "positive", bidirectional=False)(states)

    Messages are summed over what a neuron reads, and averaged over what reads it.
    """

    def __init__(self, hidden: int, symmetry: str, bidirectional: bool) -> None:
        super().__init__()
        self.symmetry = symmetry
        self.onward = Message(hidden, symmetry)
        self.backward = Message(hidden, symmetry) if bidirectional else None
        self.source = ScaleEquivariant(2, hidden, "none") if bidirectional else None
        self.neuron = ScaleEquivariant(2 + bidirectional, hidden, symmetry)
        self.target = ScaleEquivariant(2, hidden, "none")
        self.invariants = NodeInvariants(hidden, symmetry, inputs=True)
        self.row = nn.Linear(hidden, hidden, bias=False)
        self.column = nn.Linear(hidden, hidden, bias=False)
        self.edge = ScaleEquivariant(1, hidden, symmetry)

    def forward(self, states: States) -> States:
        """Give new states."""
        nodes = self.new_nodes(states)
        seen = [x for x in self.invariants(nodes) if x is not None]
        edges = [
            edge + self.edge(edge, context=self.row(j).unsqueeze(2) + self.column(k).unsqueeze(1))
            for edge, k, j in zip(states.edges, seen[:-1], seen[1:], strict=True)
        ]
        return replace(states, nodes=nodes, edges=edges)

    def new_nodes(self, states: States) -> list[Tensor]:
        """Give new states of nodes."""
        nodes = states.nodes
        received: list[list[Tensor]] = [[x] for x in nodes]
        for i, edge in enumerate(states.edges):
            j, k = nodes[i + 1].unsqueeze(2), nodes[i].unsqueeze(1)
            received[i + 1].append(self.onward(j, k, edge).sum(2))
            if self.backward is not None:
                turned = inverse(edge) if self.symmetry == "positive" else edge
                received[i].append(self.backward(k, j, turned).mean(1))
        first = nodes[0] if self.source is None else nodes[0] + self.source(*received[0])
        inner = [x + self.neuron(*r) for x, r in zip(nodes[1:-1], received[1:-1], strict=True)]
        return [first, *inner, nodes[-1] + self.target(*received[-1])]
