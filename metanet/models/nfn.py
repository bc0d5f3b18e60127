"""NP-NFN, HNP-NFN and DWSNets: all linear maps of weights that commute with permuting neurons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

import graphgen
import spec
from metanet.batch import Batch, Part
from metanet.errors import MetanetError
from metanet.models.chain import ChainLayer, bias_of, chain, weight_of
from metanet.models.encoder import SCALES, several_scales
from metanet.models.metanet import Metanet, head
from metanet.models.weight_space import Item, WeightSpaceLayer


class WeightSpaceNetwork(Metanet):
    """What NP-NFN, HNP-NFN and DWSNets share: equivariant layers, pointwise steps, averages.

    Each layer is a `WeightSpaceLayer` on the method's items, then SiLU and a pointwise layer norm,
    added to what came before; the head reads each item's average. The number of layers and their
    channels (kernel taps, flattened positions) must be those of `net`.
    """

    method: ClassVar[str]

    def __init__(
        self,
        net: spec.Architecture | Mapping[str, Any],
        hidden: int = 64,
        layers: int = 4,
        outputs: int = 1,
        *,
        dropout: float = 0.0,
    ) -> None:
        if not isinstance(net, spec.Architecture):
            net = spec.from_resolved(dict(net))
        super().__init__(
            net=net.resolved(), hidden=hidden, layers=layers, outputs=outputs, dropout=dropout
        )
        self.chain = chain(graphgen.template(net), self.method)
        self.hidden = hidden
        self.items = self.make_items()
        self.encoders = nn.ModuleDict(
            {name: nn.Linear(SCALES * size, hidden) for name, size in self.encoded().items()}
        )
        self.layers = nn.ModuleList(WeightSpaceLayer(self.items) for _ in range(layers))
        self.norms = nn.ModuleList(
            nn.ModuleList(nn.LayerNorm(item.width) for item in self.items) for _ in range(layers)
        )
        self.head = head(sum(item.width for item in self.items), 2 * hidden, outputs, dropout)

    def make_items(self) -> list[Item]:
        """List what the layers transform."""
        raise NotImplementedError

    def encoded(self) -> dict[str, int]:
        """Say how many numbers each item's first state is made of."""
        raise NotImplementedError

    def first_states(self, part: Part, layers: tuple[ChainLayer, ...]) -> dict[str, Tensor]:
        """Give each item's first state, (networks, *axes, width)."""
        raise NotImplementedError

    def matches(self, layers: tuple[ChainLayer, ...]) -> bool:
        """Say whether networks of these layers can be taken."""
        return [x.channels for x in layers] == [x.channels for x in self.chain]

    def forward(self, batch: Batch) -> Tensor:
        """Predict for each network of the batch, (networks, outputs)."""
        rows = []
        for part in batch.parts:
            layers = chain(part.template, self.method)
            if not self.matches(layers):
                raise MetanetError(
                    f"this {self.method} was made for layers {describe(self.chain)}; a network "
                    f"of the batch has {describe(layers)}"
                )
            states = self.first_states(part, layers)
            for layer, norms in zip(self.layers, self.norms, strict=True):
                changes = layer(states)
                for item, norm in zip(self.items, cast(nn.ModuleList, norms), strict=True):
                    change = norm(nn.functional.silu(changes[item.name]))
                    states[item.name] = states[item.name] + change
            means = [
                states[item.name].flatten(1, -2).mean(1) if item.axes else states[item.name]
                for item in self.items
            ]
            rows.append(torch.cat(means, dim=1))
        return self.head(torch.cat(rows)[batch.order])

    def encode(self, name: str, values: Tensor) -> Tensor:
        """Map numbers, on several scales, to a state."""
        state: Tensor = self.encoders[name](several_scales(values))
        return state


class NPNFN(WeightSpaceNetwork):
    """NP-NFN (Zhou et al., *Permutation equivariant neural functionals*, NeurIPS 2023).

        model = metanet.NPNFN(net, hidden=64)

    Equivariant under permuting the neurons of every layer, inputs and outputs too; these are told
    apart by waves over their place that are added to the first and the last layer's weights. It
    takes chains of any widths, with the number of layers and the channels of `net`.
    """

    method = "NP-NFN"

    def make_items(self) -> list[Item]:
        items = []
        for number, _ in enumerate(self.chain, start=1):
            items.append(Item(f"weight{number}", (number, number - 1), self.hidden))
            items.append(Item(f"bias{number}", (number,), self.hidden))
        return items

    def encoded(self) -> dict[str, int]:
        sizes = {f"weight{n}": layer.channels for n, layer in enumerate(self.chain, start=1)}
        return sizes | {f"bias{n}": 1 for n, _ in enumerate(self.chain, start=1)}

    def first_states(self, part: Part, layers: tuple[ChainLayer, ...]) -> dict[str, Tensor]:
        states: dict[str, Tensor] = {}
        for number, layer in enumerate(layers, start=1):
            weight = self.encode(f"weight{number}", weight_of(part, layer))
            if number == 1:
                weight = weight + waves(layer.in_features, weight)
            bias = self.encode(f"bias{number}", bias_of(part, layer).unsqueeze(2))
            if number == len(layers):
                places = waves(layer.out_features, weight)
                weight, bias = weight + places.unsqueeze(1), bias + places
            states |= {f"weight{number}": weight, f"bias{number}": bias}
        return states


class HNPNFN(WeightSpaceNetwork):
    """HNP-NFN (Zhou et al., NeurIPS 2023): only hidden neurons may be permuted.

        model = metanet.HNPNFN(net, hidden=64)

    The first layer's weights are, for each hidden neuron, a vector over the inputs, and the last
    layer's one over the outputs, each read by its own weights; so networks need the inputs, the
    outputs, the number of layers and the channels of `net`, and at least one hidden layer.
    """

    method = "HNP-NFN"

    def make_items(self) -> list[Item]:
        last = len(self.chain)
        if last < 2:
            raise MetanetError(f"{self.method} needs a hidden layer; the architecture has none")
        items = []
        for number, layer in enumerate(self.chain, start=1):
            hidden = tuple(axis for axis in (number, number - 1) if 0 < axis < last)
            items.append(Item(f"weight{number}", hidden, self.width("weight", number, layer)))
            own = (number,) if number < last else ()
            items.append(Item(f"bias{number}", own, self.width("bias", number, layer)))
        return items

    def width(self, kind: str, number: int, layer: ChainLayer) -> int:
        """Give the width of an item's state."""
        return self.hidden

    def encoded(self) -> dict[str, int]:
        sizes = {}
        for number, layer in enumerate(self.chain, start=1):
            fixed = layer.in_features if number == 1 else 1
            fixed *= layer.out_features if number == len(self.chain) else 1
            sizes[f"weight{number}"] = fixed * layer.channels
            sizes[f"bias{number}"] = layer.out_features if number == len(self.chain) else 1
        return sizes

    def first_states(self, part: Part, layers: tuple[ChainLayer, ...]) -> dict[str, Tensor]:
        states = {}
        for number, layer in enumerate(layers, start=1):
            weight, bias = weight_of(part, layer), bias_of(part, layer)
            if number == 1:
                weight = weight.flatten(2)
            elif number == len(layers):
                weight = weight.transpose(1, 2).flatten(2)
            if number < len(layers):
                bias = bias.unsqueeze(2)
            states[f"weight{number}"] = self.encode(f"weight{number}", weight)
            states[f"bias{number}"] = self.encode(f"bias{number}", bias)
        return states

    def matches(self, layers: tuple[ChainLayer, ...]) -> bool:
        return (
            super().matches(layers)
            and layers[0].in_features == self.chain[0].in_features
            and layers[-1].out_features == self.chain[-1].out_features
        )


class DWSNet(HNPNFN):
    """DWSNets (Navon et al., *Equivariant architectures for learning in deep weight spaces*, 2023).

        model = metanet.DWSNet(net, hidden=16)

    Its layers keep a state of width `hidden` for every single weight: in the first and the last
    layer the states of a hidden neuron's inputs or outputs lie side by side, and full matrices act
    on them. For MLPs; networks need the inputs, outputs and number of layers of `net`.
    """

    method = "DWSNets"

    def make_items(self) -> list[Item]:
        if any(layer.channels > 1 for layer in self.chain):
            raise MetanetError(
                "DWSNets take MLPs; the architecture has kernels or flattened positions. GMN and "
                "the NFNs take them"
            )
        return super().make_items()

    def width(self, kind: str, number: int, layer: ChainLayer) -> int:
        fixed = layer.in_features if kind == "weight" and number == 1 else 1
        fixed *= layer.out_features if number == len(self.chain) else 1
        return fixed * self.hidden

    def encoded(self) -> dict[str, int]:
        return dict.fromkeys(super().encoded(), 1)

    def encode(self, name: str, values: Tensor) -> Tensor:
        state: Tensor = self.encoders[name](several_scales(values.unsqueeze(-1)))
        return state.flatten(-2)


def waves(count: int, like: Tensor) -> Tensor:
    """Give sines and cosines of places, (count, width), as for the words of a transformer."""
    width = like.shape[-1]
    rates = 100.0 ** (-torch.arange((width + 1) // 2).to(like) * 2 / width)
    angles = torch.outer(torch.arange(count).to(like), rates)
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :width]


def describe(layers: tuple[ChainLayer, ...]) -> str:
    """Write the shapes of layers in one line."""
    return ", ".join(f"{x.out_features}x{x.in_features}x{x.channels}" for x in layers)
