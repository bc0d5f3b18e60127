"""Chains: plain feed-forward networks, as the methods that need them read them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

from torch import Tensor

from graphgen import Template
from metanet.batch import Part
from metanet.errors import MetanetError


@dataclass(frozen=True)
class ChainLayer:
    """A dense or convolutional layer: weight (out, in, channels), bias (out,) or none.

    `channels` counts kernel taps, or the positions that were flattened into the layer's inputs.
    `activation` is what follows, such as `relu`, or an empty string; `steps` is all that follows,
    biases apart. Its neurons are the nodes from `first_node` on.
    """

    weight: str
    bias: str | None
    out_features: int
    in_features: int
    channels: int
    activation: str
    first_node: int
    steps: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def chain(template: Template, method: str) -> tuple[ChainLayer, ...]:
    """Read a template as a chain; `MetanetError` if anything else than such layers has weights."""
    groups = template.node_groups
    layers: list[ChainLayer] = []
    inputs_at = [i for i, g in enumerate(groups) if g.kind == "input"]
    if template.kind != "parameter" or len(inputs_at) != 1:
        raise refusal(template, method, f"{len(inputs_at)} inputs of a {template.kind} graph")
    (group,) = inputs_at
    used = set()
    while groups[group].output < 0:
        onward = [b for b in template.blocks if b.source_group == group and b.kind not in ("bias",)]
        if len(onward) != 1 or onward[0].axes[:2] != ("out", "in") or onward[0].tensor is None:
            raise refusal(template, method, onward[0].name if onward else groups[group].name)
        block = onward[0]
        target = groups[block.target_group]
        into = [b for b in template.blocks if b.target_group == block.target_group and b != block]
        if (
            len(into) > 1
            or any(b.kind != "bias" for b in into)
            or (block.tied or any(b.tied for b in into))
            or block.shape[0] != target.size
            or block.shape[1] != groups[group].size
            or any(name == "positions" for name, _ in block.attributes)  # in another order
        ):
            raise refusal(template, method, block.name)
        used |= {block.name, *(b.name for b in into)}
        words = [s.operation for s in target.steps if s.operation not in ("bias", "mean_pool")]
        inputs, channels = block.shape[1], prod(block.shape[2:])
        if not layers and "position" in block.axes:
            inputs, channels = inputs * channels, 1  # a flattened image: an input for each pixel
        layers.append(
            ChainLayer(
                weight=str(block.tensor),
                bias=into[0].tensor if into else None,
                out_features=block.shape[0],
                in_features=inputs,
                channels=channels,
                activation=words[0] if words else "",
                first_node=target.start,
                steps=tuple(s.operation for s in target.steps if s.operation != "bias"),
            )
        )
        group = block.target_group
    if not layers:
        raise refusal(template, method, "its input, which is its output")
    rest = [b.name for b in template.blocks if b.name not in used]
    if rest:
        raise refusal(template, method, rest[0])
    return tuple(layers)


def refusal(template: Template, method: str, name: str) -> MetanetError:
    """Say which part of an architecture a method cannot take."""
    return MetanetError(
        f"{method} takes chains of linear and convolution layers alone; this architecture "
        f"({template.architecture[:12]}) has something else at {name!r}. GMN takes any network"
    )


def weight_of(part: Part, layer: ChainLayer) -> Tensor:
    """Give a layer's weights, (networks, out, in, channels)."""
    return part.tensor(layer.weight).view(-1, layer.out_features, layer.in_features, layer.channels)


def bias_of(part: Part, layer: ChainLayer) -> Tensor:
    """Give a layer's biases, (networks, out); zeros where it has none."""
    if layer.bias is None:
        return part.values.new_zeros(len(part.positions), layer.out_features)
    return part.tensor(layer.bias)
