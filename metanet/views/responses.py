"""The view `responses`: what each neuron says to inputs that nobody chose."""

from __future__ import annotations

import torch
from torch import Tensor

import graphgen
from graphgen.features.nodes import group_columns
from metanet.batch import Part
from metanet.evaluate.stack import stack_values
from metanet.models.probes import stacked
from metanet.views.answers import placed
from metanet.views.inputs import KINDS, inputs_of_kinds, slices_of_kinds
from metanet.views.numbers import finite, quantiles
from metanet.views.view import NODE, View, architecture_of_part
from spec import Architecture

INPUTS = 64
SEED = 3
AT_ONCE = 1 << 24
"""How many activations are held at a time."""
OF_A_NEURON = (
    "mean", "deviation", "least", "q10", "median", "q90", "most", "skewness", "log_deviation",
    "active", "over_positions", "correlation",
)  # fmt: skip


class Responses(View):
    """Statistics of each neuron's activation over random inputs, and over smooth ones.

        Responses().compute(batch.parts[0])      # (networks, num_nodes, 24)

    An activation is the last value that a neuron computes, averaged over positions such as pixels.
    Beside its moments and quantiles (through asinh) stand the share of inputs and positions where
    it is active (above 1e-6), its deviation over positions, and its mean absolute correlation with
    the other neurons of its layer. Parameter nodes have zeros.
    """

    name = "responses"
    level = NODE
    columns = tuple(f"{kind}_{what}" for kind in KINDS for what in OF_A_NEURON)

    def compute(self, part: Part) -> Tensor:
        net = architecture_of_part(part)
        neurons = graphgen.neuron_values(net)
        items = max(1, sum(found.nodes.size for found in neurons) * INPUTS * len(KINDS))
        together = max(1, AT_ONCE // items)
        weights = stacked(part, net)
        inputs = inputs_of_kinds(net, INPUTS, SEED)
        pieces = []
        for first in range(0, len(part.values), together):
            own = {name: tensor[first : first + together] for name, tensor in weights.items()}
            values = activations(net, own, neurons, inputs)
            kinds = [
                describe(part, neurons, tuple(value[:, some] for value in values))
                for some in slices_of_kinds(INPUTS)
            ]
            pieces.append(torch.cat(kinds, 2))
        return finite(torch.cat(pieces))


def activations(
    net: Architecture,
    weights: dict[str, Tensor],
    neurons: tuple[graphgen.NeuronValue, ...],
    inputs: tuple[Tensor, ...],
) -> tuple[Tensor, ...]:
    """Run networks at inputs, and give the values of their neurons."""
    like = next((t for t in weights.values() if t.is_floating_point()), torch.empty(0))
    given = [placed(one, like) for one in inputs]
    with torch.no_grad():
        return stack_values(net, weights, [found.value for found in neurons], *given)


def describe(
    part: Part, neurons: tuple[graphgen.NeuronValue, ...], values: tuple[Tensor, ...]
) -> Tensor:
    """Describe each neuron's activations, (networks, num_nodes, len(OF_A_NEURON))."""
    template = part.template
    count = len(values[0]) if values else len(part.values)
    result = part.values.new_zeros(count, template.num_nodes, len(OF_A_NEURON))
    alike: dict[bytes, list[tuple[slice, Tensor]]] = {}
    columns = group_columns(template)
    for found, value in zip(neurons, values, strict=True):
        group = template.node_groups[found.group]
        flat = value.to(part.values).reshape(count, INPUTS, -1)
        items = torch.tensor(found.nodes.reshape(-1))
        if (items.diff() < 0).any():
            flat = flat[:, :, items.argsort(stable=True)]
        flat = flat.nan_to_num(0.0, 1e9, -1e9).clamp(-1e9, 1e9)
        own = flat.view(count, INPUTS, group.size, -1).transpose(1, 2)
        nodes = slice(group.start, group.start + group.size)
        result[:, nodes, :-1] = of_neurons(own)
        alike.setdefault(columns[found.group].tobytes(), []).append((nodes, own.mean(3)))
    for layers in alike.values():
        # A symmetry may exchange neurons of layers that look alike.
        together = correlations(torch.cat([own for _, own in layers], 1))
        sizes = [own.shape[1] for _, own in layers]
        for (nodes, _), own in zip(layers, together.split(sizes, 1), strict=True):
            result[:, nodes, -1] = own
    return result


def correlations(values: Tensor) -> Tensor:
    """Give each neuron's mean absolute correlation with the others, of (networks, neurons, n)."""
    centred = values - values.mean(2, keepdim=True)
    directions = centred / (centred.norm(dim=2, keepdim=True) + 1e-6)
    found = (directions @ directions.transpose(1, 2)).abs()
    others = found.sum(2) - found.diagonal(dim1=1, dim2=2)
    return others / max(1, values.shape[1] - 1)


def of_neurons(values: Tensor) -> Tensor:
    """Describe activations (networks, neurons, inputs, positions), each neuron by itself."""
    whole = values.mean(3)
    over_positions = torch.zeros_like(whole[:, :, 0])
    if values.shape[3] > 1:
        over_positions = (values - whole.unsqueeze(3)).square().mean(3).sqrt().mean(2)
    mean = whole.mean(2)
    centred = whole - mean.unsqueeze(2)
    deviation = centred.square().mean(2).sqrt()
    scaled = centred / (deviation.unsqueeze(2) + 1e-6)
    return torch.stack(
        [
            mean.asinh(),
            deviation.asinh(),
            *(mark.asinh() for mark in quantiles(whole, (0.0, 0.1, 0.5, 0.9, 1.0))),
            scaled.pow(3).mean(2).clamp(-5, 5),
            (deviation + 1e-4).log(),
            (values > 1e-6).to(values).mean((2, 3)),
            over_positions.asinh(),
        ],
        2,
    )
