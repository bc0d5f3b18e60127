"""Writing single entries of a GMN's weights: all others are zero."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from graphgen.features.edges import BLOCK_NAMES
from graphgen.features.nodes import GROUP_NAMES
from metanet.models.gmn.layer import GMNLayer
from metanet.models.gmn.trunk import Trunk
from metanet.options import OPTIONS, check, integer, number


def sizes(name: str, depth: int, bound: float) -> tuple[int, float]:
    """Give the depth, called `name`, and the bound of values; `MetanetError` if they are none."""
    bounds = number(0, 1e12, least_too=False)
    return check(name, depth, {name: integer(1, 1000)}), check("bound", bound, {"bound": bounds})


def form_named(form: str) -> str:
    """Give the form of layers; `MetanetError` if there is none of this name."""
    name: str = check("form", form, OPTIONS)
    return name


def clear(module: nn.Module) -> None:
    """Set all parameters to zero; they no longer require gradients."""
    for parameter in module.parameters():
        parameter.requires_grad_(False)
        parameter.zero_()


def show_weights(trunk: Trunk, channel: int) -> None:
    """Give each edge its weight, between -3 and 3, in a channel."""
    trunk.edge_encoder.linear.weight[channel, trunk.edge_encoder.channels // 2] = 1


def mark_blocks(trunk: Trunk, kinds: dict[str, int], depth: int | None = None) -> None:
    """Set a channel of a block's state to 1 for its kind, and one to its relative depth."""
    weight = trunk.block_encoder.columns.weight
    for kind, channel in kinds.items():
        weight[channel, BLOCK_NAMES.index(f"kind_{kind}")] = 1
    if depth is not None:
        weight[depth, BLOCK_NAMES.index("depth")] = 1


def mark_nodes(trunk: Trunk, channels: dict[str, list[int]]) -> None:
    """Set channels of a node's state to its columns, by the names of these."""
    for name, chosen in channels.items():
        trunk.node_encoder.columns.weight[chosen, GROUP_NAMES.index(name)] = 1


def layers_of(trunk: Trunk) -> list[GMNLayer]:
    """List a trunk's layers."""
    return [layer for layer in trunk.layers if isinstance(layer, GMNLayer)]


def matrices(perceptron: nn.Sequential) -> tuple[Tensor, Tensor]:
    """Give the two matrices of linear, activation, linear."""
    return cast(nn.Linear, perceptron[0]).weight, cast(nn.Linear, perceptron[2]).weight


def change_edges(layer: GMNLayer, channel: int, factor: float) -> None:
    """Let a channel of messages, times a factor, be added to that channel of edges."""
    if isinstance(layer.to_edge, nn.Linear):
        layer.to_edge.weight[channel, channel] = factor
    else:
        layer.to_edge[channel] = factor


def let_rows_through(layer: GMNLayer) -> None:
    """Let the MLP of blocks and networks, if there is one, be the linear map before it.

    Each of its numbers y comes out as relu(y) - relu(-y).
    """
    if layer.row_map is None:
        return
    width = layer.from_edge.weight.shape[0]
    linear = [layer.from_row.weight, layer.from_row.bias]
    if isinstance(getattr(layer, "from_network", None), nn.Linear):
        linear.append(layer.from_network.weight)
    for numbers in linear:
        numbers[width : 2 * width] = -numbers[:width]
    last = cast(nn.Linear, layer.row_map[1]).weight
    one = torch.eye(width, dtype=last.dtype)
    last[:, :width], last[:, width : 2 * width] = one, -one
