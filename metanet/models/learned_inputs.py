"""Learned inputs: what networks of any architectures answer to inputs that a metanet learns."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from metanet.batch import Batch, Part
from metanet.errors import MetanetError
from metanet.models.asking import Asking, askable, shapes_of
from metanet.models.probes import stacked
from metanet.sources import Net, architecture_of
from metanet.views.answers import run_networks
from metanet.views.inputs import inputs_of
from metanet.views.view import architecture_of_part
from spec import Architecture

PACE = 3.0
"""How much faster inputs change than a parameter of the same learning rate."""
LEAST_LOG = 12.0


class InputPoints(nn.Module):
    """Inputs of networks as parameters: `count` of them for each input that the networks have.

    images, = InputPoints(net, 32)()             # (32, 1, 8, 8)

    They begin as smooth noise. Numbers that networks read, and no indices, can be learned.
    """

    def __init__(self, net: Net, count: int) -> None:
        super().__init__()
        net = askable(net, count)
        seed = int(torch.randint(2**31, (), device="cpu"))
        self.points = nn.ParameterList(
            nn.Parameter(points / PACE) for points in inputs_of(net, "smooth", count, seed)
        )

    def forward(self) -> tuple[Tensor, ...]:
        """Give the inputs, (count, ...) each."""
        return tuple(PACE * points for points in self.points)


class AnswerReader(nn.Module):
    """Numbers of each network from its answers to inputs, read as a set: (networks, width).

        reader = AnswerReader(net, 32, hidden=32)
        reader(batch, inputs)                    # (networks, reader.width)

    The answers to each input, its own logits or the logarithms and the sorted shares of classes,
    pass a linear map of that input and an MLP of all; the mean, deviation and maximum over inputs
    are what is read. For networks of any architectures with the inputs and outputs of `net`.
    """

    def __init__(self, net: Net, count: int, hidden: int, layers: int = 2) -> None:
        super().__init__()
        net = architecture_of(net)
        self.shapes = shapes_of(net)
        numbers = 3 * math.prod(net.output_shapes[0]) + 3
        self.weight = nn.Parameter(torch.randn(count, numbers, hidden) / math.sqrt(numbers))
        self.bias = nn.Parameter(0.1 * torch.randn(count, hidden))
        self.mlp = nn.Sequential(
            nn.SiLU(), nn.LayerNorm(hidden), *dense(hidden, hidden, layers - 1)
        )
        self.width = 3 * hidden

    def forward(self, batch: Batch, inputs: tuple[Tensor, ...]) -> Tensor:
        """Read the answers of all networks of a batch, in its order."""
        found = torch.cat([answers_of(part, inputs, self.shapes) for part in batch.parts])
        states = torch.einsum("nkf,kfh->nkh", described(found), self.weight) + self.bias
        states = self.mlp(states)
        pooled = [states.mean(1), states.std(1, correction=0), states.amax(1)]
        return torch.cat(pooled, 1)[batch.order]


class LearnedInputs(Asking):
    """A metanet that reads no weight: it asks networks, at inputs that it learns.

        model = metanet.LearnedInputs(net, learned_inputs=32)
        prediction = model(batch)                # (networks, outputs)

    For networks of any architectures that share the inputs and outputs of `net`, at as many inputs
    as `learned_inputs` says. Answers are read as a set; see `AnswerReader`.
    """

    def build(
        self, net: Architecture, learned_inputs: int, hidden: int, layers: int, dropout: float
    ) -> int:
        self.inputs = InputPoints(net, learned_inputs)
        self.reader = AnswerReader(net, learned_inputs, hidden, layers)
        return self.reader.width

    def embed(self, batch: Batch) -> Tensor:
        """Give what was read of each network's answers, (networks, width)."""
        found: Tensor = self.reader(batch, self.inputs())
        return found


def answers_of(
    part: Part, inputs: tuple[Tensor, ...], shapes: tuple[tuple[int, ...], ...]
) -> Tensor:
    """Give the answers of a part's networks, (networks, count, numbers), with gradients.

    Raises `MetanetError` for networks of other inputs or outputs.
    """
    net = architecture_of_part(part)
    refuse_others(net, shapes)
    return run_networks(net, stacked(part, net), [x.to(part.values) for x in inputs])


def dense(inputs: int, hidden: int, layers: int) -> list[nn.Module]:
    """Make the layers of an MLP, all of one width."""
    steps: list[nn.Module] = []
    for place in range(layers):
        steps += [nn.Linear(hidden if place else inputs, hidden), nn.SiLU()]
    return steps


def refuse_others(net: Architecture, shapes: tuple[tuple[int, ...], ...]) -> None:
    """Raise `MetanetError` for a network of other inputs or another output."""
    if shapes_of(net) != shapes:
        got, expected = ([list(shape) for shape in one] for one in (shapes_of(net), shapes))
        raise MetanetError(
            f"{net.name!r} ({net.hash[:12]}) goes from {got[:-1]} to {got[-1]}; these inputs were "
            f"made for networks that go from {expected[:-1]} to {expected[-1]}"
        )


def described(answers: Tensor) -> Tensor:
    """Give what an MLP reads of answers (..., numbers): (..., 3 * numbers + 3)."""
    logs = answers.log_softmax(-1)
    shares = logs.exp()
    top = shares.sort(-1, descending=True).values
    spread = (answers - answers.mean(-1, keepdim=True)).square().mean(-1, keepdim=True)
    return torch.cat(
        [
            answers.asinh(),
            logs.clamp_min(-LEAST_LOG) / 4,
            top,
            torch.special.entr(shares).sum(-1, keepdim=True),
            (top[..., :1] - top[..., 1:2].sum(-1, keepdim=True)),
            (spread + 1e-12).sqrt().log1p(),
        ],
        -1,
    )
