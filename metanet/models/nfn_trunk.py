"""The trunks of NP-NFN, HNP-NFN and DWSNets: what their predictors and editors share."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

import graphgen
import spec
from metanet.batch import Part
from metanet.errors import MetanetError
from metanet.models.chain import ChainLayer, bias_of, chain, weight_of
from metanet.models.encoder import SCALES, several_scales, waves
from metanet.models.few_inputs import FewInputs
from metanet.models.probes import features_of, probes_of
from metanet.models.side_inputs import ConditionEncoder, SideInputs, parts_by_channel
from metanet.models.weight_space import Item, Layout, States, WeightSpaceLayer


class WeightSpaceTrunk(nn.Module):
    """Equivariant layers on the weights of a chain, each followed by a pointwise step.

    Numbers that nothing permutes, such as the taps of a kernel, lie side by side in an item. They
    have states of their own in every layer, or with `folded` one together.

    Each is a `WeightSpaceLayer` on the method's items. Conditions are added to the first states,
    and the features of neurons to those of their biases.
    """

    method: ClassVar[str]

    def __init__(
        self,
        net: spec.Architecture,
        hidden: int,
        layers: int,
        options: SideInputs,
        folded: bool = False,
    ) -> None:
        super().__init__()
        channels, conditions = options.channels, options.conditions
        self.chain = chain(graphgen.template(net), self.method)
        self.hidden, self.channels, self.folded = hidden, channels, folded
        self.items = self.make_items()
        self.encoders = nn.ModuleDict(
            {name: FewInputs(SCALES * size * channels, hidden) for name, size in self.sizes.items()}
        )
        self.layers = nn.ModuleList(WeightSpaceLayer(self.items) for _ in range(layers))
        self.layout = Layout(self.items)
        self.probes = probes_of(options)
        self.node_features = options.node_features
        self.features: nn.ModuleDict | None = None
        if features := options.probes + options.node_features:
            self.features = nn.ModuleDict(
                {
                    item.name: nn.Linear(
                        features * (1 if item.axes else self.chain[-1].out_features),
                        item.width,
                        bias=False,
                    )
                    for item in self.items
                    if item.name.startswith("bias")
                }
            )
        self.conditions: nn.ModuleDict | None = None
        if conditions:
            self.conditions = nn.ModuleDict(
                {item.name: ConditionEncoder(conditions, item.width) for item in self.items}
            )

    def axes(self, name: str, number: int) -> tuple[int, ...]:
        """Give the axes of a layer's weight or bias."""
        raise NotImplementedError

    def fixed(self, name: str, number: int, layer: ChainLayer) -> int:
        """Say how many numbers of a layer's weight or bias lie side by side."""
        raise NotImplementedError

    def make_items(self) -> list[Item]:
        """List what the layers transform."""
        self.sizes: dict[str, int] = {}
        items = []
        for number, layer in enumerate(self.chain, start=1):
            for kind in ("weight", "bias"):
                name, count = f"{kind}{number}", self.fixed(kind, number, layer)
                self.sizes[name] = count if self.folded else 1
                width = self.hidden * (count // self.sizes[name])
                items.append(Item(name, self.axes(kind, number), width))
        return items

    def numbers(self, part: Part, layers: tuple[ChainLayer, ...]) -> dict[str, Tensor]:
        """Give the numbers of each item, (networks, *axes, numbers)."""
        raise NotImplementedError

    def weight_from(self, number: int, layer: ChainLayer, numbers: Tensor) -> Tensor:
        """Put numbers (networks, members, *axes, numbers) in the order of a layer's weight."""
        return numbers.flatten(2)

    def separate(self, state: Tensor) -> Tensor:
        """Give an item's states one by one, (networks, *axes, states, hidden)."""
        return state.unflatten(-1, (-1, self.hidden))

    def encode(self, name: str, numbers: Tensor) -> Tensor:
        """Map numbers (networks, *axes, numbers, channels), on several scales, to states."""
        own = numbers.unflatten(-2, (-1, self.sizes[name])).flatten(-2)
        state: Tensor = self.encoders[name](several_scales(own))
        return state.flatten(-2)

    def tell_apart(self, states: dict[str, Tensor], layers: tuple[ChainLayer, ...]) -> None:
        """Add places to the first states of what the layers could not tell apart."""

    def matches(self, layers: tuple[ChainLayer, ...]) -> bool:
        """Say whether networks of these layers can be taken."""
        return [x.channels for x in layers] == [x.channels for x in self.chain]

    def layers_of(self, part: Part) -> tuple[ChainLayer, ...]:
        """Read the networks of a part as a chain that fits."""
        layers = chain(part.template, self.method)
        if not self.matches(layers):
            raise MetanetError(
                f"this {self.method} was made for layers {describe(self.chain)}; a network "
                f"of the batch has {describe(layers)}"
            )
        return layers

    def first_states(self, part: Part) -> dict[str, Tensor]:
        """Give each item's first state, (networks, *axes, width)."""
        layers = self.layers_of(part)
        tables = [
            self.numbers(channel, layers) for channel in parts_by_channel(part, self.channels)
        ]
        states = {
            item.name: self.encode(item.name, torch.stack([t[item.name] for t in tables], dim=-1))
            for item in self.items
        }
        self.tell_apart(states, layers)
        if self.features is not None:
            nodes = features_of(part, self.node_features, self.probes)
            for number, layer in enumerate(layers, start=1):
                own = nodes[:, layer.first_node : layer.first_node + layer.out_features]
                bias = states[f"bias{number}"]
                own = own if bias.ndim == 3 else own.flatten(1)
                states[f"bias{number}"] = bias + self.features[f"bias{number}"](own)
        if self.conditions is not None:
            for item in self.items:
                condition = self.conditions[item.name](part)
                shape = (len(condition), *[1] * len(item.axes), item.width)
                states[item.name] = states[item.name] + condition.view(shape)
        return states

    def last_states(self, part: Part) -> States:
        """Give all items and their averages after the last layer."""
        states = self.layout.gather(self.first_states(part))
        for layer in self.layers:
            states = layer(states, reuse=True)
        return states

    def forward(self, part: Part) -> dict[str, Tensor]:
        """Give each item's last state, (networks, *axes, width)."""
        return self.layout.scatter(self.last_states(part))


class NPNFNTrunk(WeightSpaceTrunk):
    """All neurons may be permuted; waves tell inputs and outputs apart."""

    method = "NP-NFN"

    def axes(self, name: str, number: int) -> tuple[int, ...]:
        return (number, number - 1) if name == "weight" else (number,)

    def fixed(self, name: str, number: int, layer: ChainLayer) -> int:
        return layer.channels if name == "weight" else 1

    def numbers(self, part: Part, layers: tuple[ChainLayer, ...]) -> dict[str, Tensor]:
        result = {}
        for number, layer in enumerate(layers, start=1):
            result[f"weight{number}"] = weight_of(part, layer)
            result[f"bias{number}"] = bias_of(part, layer).unsqueeze(2)
        return result

    def tell_apart(self, states: dict[str, Tensor], layers: tuple[ChainLayer, ...]) -> None:
        last = len(layers)
        weight, bias = f"weight{last}", f"bias{last}"
        states["weight1"] = states["weight1"] + waves(layers[0].in_features, states["weight1"])
        places = waves(layers[-1].out_features, states[weight])
        states[weight] = states[weight] + places.unsqueeze(1)
        states[bias] = states[bias] + waves(layers[-1].out_features, states[bias])


class HNPNFNTrunk(WeightSpaceTrunk):
    """Hidden neurons may be permuted; inputs and outputs lie side by side at their neighbours."""

    method = "HNP-NFN"

    def make_items(self) -> list[Item]:
        if len(self.chain) < 2:
            raise MetanetError(f"{self.method} needs a hidden layer; the architecture has none")
        return super().make_items()

    def axes(self, name: str, number: int) -> tuple[int, ...]:
        every = (number, number - 1) if name == "weight" else (number,)
        return tuple(axis for axis in every if 0 < axis < len(self.chain))

    def fixed(self, name: str, number: int, layer: ChainLayer) -> int:
        outputs = layer.out_features if number == len(self.chain) else 1
        if name == "bias":
            return outputs
        return outputs * layer.channels * (layer.in_features if number == 1 else 1)

    def numbers(self, part: Part, layers: tuple[ChainLayer, ...]) -> dict[str, Tensor]:
        result: dict[str, Tensor] = {}
        for number, layer in enumerate(layers, start=1):
            weight, bias = weight_of(part, layer), bias_of(part, layer)
            if number == 1:
                weight = weight.flatten(2)
            elif number == len(layers):
                weight = weight.transpose(1, 2).flatten(2)
            if number < len(layers):
                bias = bias.unsqueeze(2)
            result |= {f"weight{number}": weight, f"bias{number}": bias}
        return result

    def weight_from(self, number: int, layer: ChainLayer, numbers: Tensor) -> Tensor:
        if number == len(self.chain):
            numbers = numbers.flatten(3).unflatten(3, (layer.out_features, -1)).transpose(2, 3)
        return numbers.flatten(2)

    def matches(self, layers: tuple[ChainLayer, ...]) -> bool:
        return (
            super().matches(layers)
            and layers[0].in_features == self.chain[0].in_features
            and layers[-1].out_features == self.chain[-1].out_features
        )


class DWSTrunk(HNPNFNTrunk):
    """The maps of HNP-NFN, for MLPs."""

    method = "DWSNets"

    def make_items(self) -> list[Item]:
        if any(layer.channels > 1 for layer in self.chain):
            raise MetanetError(
                "DWSNets take MLPs; the architecture has kernels or flattened positions. GMN and "
                "the NFNs take them"
            )
        return super().make_items()


def describe(layers: tuple[ChainLayer, ...]) -> str:
    """Write the shapes of layers in one line."""
    return ", ".join(f"{x.out_features}x{x.in_features}x{x.channels}" for x in layers)
