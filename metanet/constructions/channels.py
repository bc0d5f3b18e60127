"""Writing single entries of a GMN's weights: all others are zero."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from graphgen.columns import EDGE_KINDS, NODE_KINDS, STEP_KINDS
from metanet.models.gmn.layer import GMNLayer
from metanet.models.gmn.trunk import Trunk
from metanet.options import check, integer, number

BLOCK_DEPTH = 8
"""The place of a block's relative depth among its numbers (`metanet.layout.edge_numbers`)."""


def sizes(name: str, depth: int, bound: float) -> tuple[int, float]:
    """Give the depth, called `name`, and the bound of values; `MetanetError` if they are none."""
    bounds = number(0, 1e12, least_too=False)
    return check(name, depth, {name: integer(1, 1000)}), check("bound", bound, {"bound": bounds})


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
    for kind, channel in kinds.items():
        trunk.block_encoder.kind.weight[EDGE_KINDS.index(kind), channel] = 1
    if depth is not None:
        trunk.block_encoder.numbers.weight[depth, BLOCK_DEPTH] = 1


def mark_nodes(trunk: Trunk, kinds: dict[str, int], steps: dict[str, int]) -> None:
    """Set a channel of a node's state to 1 for its kind, and for a step among its steps."""
    for kind, channel in kinds.items():
        trunk.node_encoder.kind.weight[NODE_KINDS.index(kind), channel] = 1
    for step, channel in steps.items():
        trunk.node_encoder.step.weight[STEP_KINDS.index(step), channel] = 1


def layers_of(trunk: Trunk) -> list[GMNLayer]:
    """List a trunk's layers."""
    return [layer for layer in trunk.layers if isinstance(layer, GMNLayer)]


def matrices(perceptron: nn.Sequential) -> tuple[Tensor, Tensor]:
    """Give the two matrices of linear, activation, linear."""
    return cast(nn.Linear, perceptron[0]).weight, cast(nn.Linear, perceptron[2]).weight
