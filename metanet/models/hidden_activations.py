"""Hidden activations: what all neurons of any networks say to learned inputs, layer by layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

import graphgen
from metanet.batch import Batch, Part
from metanet.evaluate.stack import stack_values
from metanet.models.asking import Asking
from metanet.models.learned_inputs import InputPoints, dense, refuse_others
from metanet.models.probes import stacked
from metanet.views.view import architecture_of_part
from spec import Architecture

LARGEST = 1e9
DESCRIBED = 2
"""Numbers that stand beside a neuron's activations."""


class HiddenActivations(Asking):
    """Activations of neurons at learned inputs, pooled per layer; no weight is read.

        model = metanet.HiddenActivations(net, learned_inputs=32)
        prediction = model(batch)                # (networks, outputs)

    The probe features of Kofinas et al. (ICLR 2024) alone, without a graph. A neuron's activation
    is the last value that it computes, averaged over positions such as pixels, on a scale that is
    linear near zero and logarithmic far from it (asinh). An MLP reads each neuron's activations at
    all inputs with the depth of its layer; mean and deviation over a layer's neurons pass a second
    one, and what is read are the mean over layers, the last layer, and the network's outputs at
    the inputs. For networks of any architectures with the inputs and outputs of `net`.
    """

    def build(
        self, net: Architecture, learned_inputs: int, hidden: int, layers: int, dropout: float
    ) -> int:
        self.inputs = InputPoints(net, learned_inputs)
        self.neurons = nn.Sequential(*dense(learned_inputs + DESCRIBED, hidden, layers))
        self.of_layers = nn.Sequential(*dense(2 * hidden, hidden, layers))
        numbers = learned_inputs * torch.Size(self.shapes[-1]).numel()
        self.of_outputs = nn.Sequential(*dense(numbers, hidden, 1))
        self._found: dict[str, list[tuple[str, Tensor]]] = {}
        return 3 * hidden

    def embed(self, batch: Batch) -> Tensor:
        """Give what was read of each network's activations, (networks, 3 * hidden)."""
        inputs = self.inputs()
        return torch.cat([self.of_part(part, inputs) for part in batch.parts])[batch.order]

    def of_part(self, part: Part, inputs: tuple[Tensor, ...]) -> Tensor:
        """Read the networks of a part."""
        net = architecture_of_part(part)
        refuse_others(net, self.shapes)
        found = self.found(net)
        names = [*(name for name, _ in found), net.outputs[0]]
        given = [x.to(part.values) for x in inputs]
        *values, answers = stack_values(net, stacked(part, net), names, *given)
        layers = []
        for place, ((_, nodes), value) in enumerate(zip(found, values, strict=True)):
            rows = by_neuron(value, nodes)
            beside = rows.new_tensor([place / max(1, len(found) - 1), len(rows[0]) ** -0.5])
            states = self.neurons(torch.cat([rows, beside.expand(*rows.shape[:2], 2)], 2))
            layers.append(torch.cat([states.mean(1), states.std(1, correction=0)], 1))
        states = self.of_layers(torch.stack(layers, 1))
        said = self.of_outputs(tamed(answers.flatten(1)))
        return torch.cat([states.mean(1), states[:, -1], said], 1)

    def found(self, net: Architecture) -> list[tuple[str, Tensor]]:
        """Give the names of the values of a network's neurons, and the neuron of each item."""
        if net.hash not in self._found:
            self._found[net.hash] = [
                (layer.value, torch.tensor(layer.nodes.ravel()))
                for layer in graphgen.neuron_values(net)
            ]
        return self._found[net.hash]


def by_neuron(value: Tensor, nodes: Tensor) -> Tensor:
    """Average a layer's value (networks, inputs, ...) by neuron: (networks, neurons, inputs)."""
    nodes = nodes.to(value.device)
    items = value.reshape(*value.shape[:2], len(nodes)).transpose(1, 2)
    size = int(nodes.max()) + 1
    sums = items.new_zeros(len(items), size, items.shape[2]).index_add(1, nodes, items)
    return tamed(sums * (size / len(nodes)))


def tamed(values: Tensor) -> Tensor:
    """Bring values of any size to a few units; such as are no numbers to zero."""
    return values.nan_to_num(0.0, LARGEST, -LARGEST).asinh()
