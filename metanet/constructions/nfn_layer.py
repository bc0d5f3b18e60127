"""A GMN that is a layer of NP-NFN on MLPs (proposition 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from metanet.batch import Batch
from metanet.constructions.channels import (
    change_edges,
    clear,
    form_named,
    layers_of,
    let_rows_through,
    mark_blocks,
    matrices,
    show_weights,
    sizes,
)
from metanet.errors import MetanetError
from metanet.models.gmn.layer import GMNLayer
from metanet.models.gmn.trunk import Trunk, TrunkOptions
from metanet.options import shown

WEIGHTS = ("self", "row", "column", "before", "after", "bias", "bias_before")
BIASES = ("self", "row", "after")
NODE_CHANNELS = 12
"""So many channels at least give the MLP of nodes two units for each of three sums."""


@dataclass(frozen=True)
class NFNCoefficients:
    """The coefficients of a layer of NP-NFN for MLPs of L layers; W^l is (out, in), l from 1.

    `weights` (L, 7): of W^l_jk, its row sum, its column sum, the row sum of W^(l-1) at k, the
    column sum of W^(l+1) at j, the bias v^l_j and the bias v^(l-1)_k. `biases` (L, 3): of v^l_j,
    the row sum of W^l at j, the column sum of W^(l+1) at j. `totals` (L, 2, L, 2): of the sum of
    all weights (0) or biases (1) of layer s in what is written to the weights (0) or biases (1) of
    layer l. Terms that do not exist at the ends are 0. Zhou et al. (NeurIPS 2023), with sums.
    """

    weights: Tensor
    biases: Tensor
    totals: Tensor

    def __post_init__(self) -> None:
        given = {"weights": self.weights, "biases": self.biases, "totals": self.totals}
        for name, value in given.items():
            if not isinstance(value, Tensor) or not value.ndim:
                raise MetanetError(f"`{name}` is {shown(value)}, expected a tensor")
        depth = len(self.weights)
        shapes = ((depth, len(WEIGHTS)), (depth, len(BIASES)), (depth, 2, depth, 2))
        for (name, value), shape in zip(given.items(), shapes, strict=True):
            if tuple(value.shape) != shape:
                raise MetanetError(
                    f"`{name}` has the shape {list(value.shape)}, expected {list(shape)} for "
                    f"{depth} layers"
                )


def nfn_layer(
    coefficients: NFNCoefficients, bound: float = 1e3, form: str = "narrow"
) -> Callable[[Batch], list[list[tuple[Tensor, Tensor]]]]:
    """Make a GMN of two layers, in one of its forms, that is a given layer of NP-NFN.

        layers = nfn_layer(coefficients)(batch)[0]      # of the first part: [(W^1, v^1), ...]

    It takes MLPs of L linear layers with biases, weights between -3 and 3, whose sums and results
    are at most `bound`. The first layer collects row, column and total sums in the nodes and in the
    global state, the second writes each parameter's combination into its edge, as parts in several
    channels, whose sum is the result, as what an editor writes is a linear map of edges. What
    belongs to one layer alone is let through by ReLUs that are shifted by the block's kind and
    depth. Float64.
    """
    if not isinstance(coefficients, NFNCoefficients):
        raise MetanetError(f"`coefficients` is {shown(coefficients)}, expected NFNCoefficients")
    depth, bound = sizes("layers", len(coefficients.weights), bound)
    trunk = build(coefficients, bound, form_named(form))

    @torch.no_grad()
    def apply(batch: Batch) -> list[list[tuple[Tensor, Tensor]]]:
        states = trunk(batch.to(torch.float64))
        plan = states.plan
        written: list[dict[str, Tensor]] = [{} for _ in plan.parts]
        for piece in plan.slices:
            block = plan.parts[piece.part].template.blocks[
                piece.index - plan.parts[piece.part].block_start
            ]
            parts = states.edges[piece.start : piece.stop, : messages(depth)]
            written[piece.part][str(block.tensor)] = parts.sum(1).view(piece.view)
        tables = []
        for part, values in zip(plan.parts, written, strict=True):
            blocks = part.template.blocks
            weights = [values[str(b.tensor)] for b in blocks if b.kind == "linear"]
            biases = [values[str(b.tensor)] for b in blocks if b.kind == "bias"]
            tables.append(list(zip(weights, biases, strict=True)))
        return tables

    return apply


def messages(depth: int) -> int:
    """Give the number of message channels: four for each layer's weights, and for its biases."""
    return 8 * depth


def channels(depth: int) -> dict[str, int]:
    """Name the channels of blocks, and where nodes and networks keep their sums."""
    names = ["linear", "bias", "depth", "row", "column", "bias_sum"]
    names += [f"total {s} {kind}" for s in range(depth) for kind in range(2)]
    return {name: index for index, name in enumerate(names)}


@torch.no_grad()
def build(coefficients: NFNCoefficients, bound: float, form: str) -> Trunk:
    """Set the weights; an edge's own weight has the channel behind those of messages."""
    depth = len(coefficients.weights)
    channel, weight = channels(depth), messages(depth)
    trunk = Trunk(
        max(len(channel), weight + 1, NODE_CHANNELS),
        2,
        TrunkOptions(
            form=form,
            edge_hidden=weight + 1,
            taps="parallel",
            aggregation="sum",
            fan_in_power=0.0,
            activation="relu",
            norm=False,
            positions=False,
            global_state=True,
        ),
    ).double()
    clear(trunk)
    show_weights(trunk, weight)
    mark_blocks(trunk, {"linear": channel["linear"], "bias": channel["bias"]}, channel["depth"])
    first, second = layers_of(trunk)
    collect_sums(first, channel, depth, bound)
    combine(second, channel, coefficients, bound)
    for layer in (first, second):
        let_rows_through(layer)
    return trunk


class Gates:
    """Four messages that add up to a value where the block is layer l of a kind, else to 0.

    With t = K (d - l) - 2 L K [other kind], K = 2 bound, and d the block's layer,
    relu(y + bound + t) - relu(bound + t) is y from layer l on, and 0 before it and for the other
    kind; less the same for l + 1 it is y in layer l alone.
    """

    def __init__(self, layer: GMNLayer, channel: dict[str, int], depth: int, bound: float):
        self.layer, self.channel, self.depth, self.bound = layer, channel, depth, bound
        self.used = 0

    def open(self, index: int, kind: int) -> tuple[list[int], list[float]]:
        """Give four message channels, and the signs with which they add up to the value."""
        step = 2 * self.bound
        other = self.channel["bias" if kind == 0 else "linear"]
        rows = range(self.used, self.used + 4)
        self.used += 4
        for row, start in zip(rows, (index, index, index + 1, index + 1), strict=True):
            from_row = self.layer.from_row
            from_row.weight[row, self.channel["depth"]] = step * self.depth
            from_row.weight[row, other] = -2 * self.depth * step
            from_row.bias[row] = self.bound - step * (start + 1)
        return list(rows), [1.0, -1.0, -1.0, 1.0]


def collect_sums(layer: GMNLayer, channel: dict[str, int], depth: int, bound: float) -> None:
    """First layer: row, column and bias sums at the nodes, totals in the global state."""
    edge, hidden = layer.from_source.weight.shape
    (first, last), (total_in, total_out) = matrices(layer.to_node), matrices(layer.to_network)
    gates = Gates(layer, channel, depth, bound)
    into, out_of = 2 * hidden, 2 * hidden + edge  # after the node's and the network's state
    sums = {("row", 0): into, ("bias_sum", 1): into, ("column", 0): out_of}
    for number, (name, _) in enumerate(sums):
        plus, minus = 2 * number, 2 * number + 1
        last[channel[name], plus], last[channel[name], minus] = 1, -1
    for s in range(depth):
        for kind in range(2):
            rows, signs = gates.open(s, kind)
            for row in (rows[0], rows[2]):
                layer.from_edge.weight[row, messages(depth)] = 1
            for number, ((_, wanted), offset) in enumerate(sums.items()):
                if wanted == kind:
                    for row, sign in zip(rows, signs, strict=True):
                        first[2 * number, offset + row] = sign
                        first[2 * number + 1, offset + row] = -sign
            unit = 2 * (2 * s + kind)
            place = channel[f"total {s} {kind}"]
            total_out[place, unit], total_out[place, unit + 1] = 1, -1
            for row, sign in zip(rows, signs, strict=True):
                total_in[unit, 2 * hidden + row] = sign
                total_in[unit + 1, 2 * hidden + row] = -sign


def combine(
    layer: GMNLayer, channel: dict[str, int], coefficients: NFNCoefficients, bound: float
) -> None:
    """Second layer: each parameter's linear combination, into the result."""
    depth = len(coefficients.weights)
    gates = Gates(layer, channel, depth, bound)
    for index in range(depth):
        for kind in range(2):
            rows, signs = gates.open(index, kind)
            table = coefficients.weights if kind == 0 else coefficients.biases
            given = dict(zip(WEIGHTS if kind == 0 else BIASES, table[index].double(), strict=True))
            for row, sign in zip(rows, signs, strict=True):
                change_edges(layer, row, sign)
            for row in (rows[0], rows[2]):
                layer.from_edge.weight[row, messages(depth)] = given["self"]
                target, source = layer.from_target.weight, layer.from_source.weight
                target[row, channel["row"]] = given["row"]
                target[row, channel["column"]] = given["after"]
                if kind == 0:
                    target[row, channel["bias_sum"]] = given["bias"]
                    source[row, channel["column"]] = given["column"]
                    source[row, channel["row"]] = given["before"]
                    source[row, channel["bias_sum"]] = given["bias_before"]
                for s in range(depth):
                    for other in range(2):
                        layer.from_network.weight[row, channel[f"total {s} {other}"]] = (
                            coefficients.totals[index, kind, s, other]
                        )
