"""A GMN that carries out the forward pass of the network it is given (proposition 4)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from graphgen import Graph
from metanet.batch import Batch
from metanet.constructions.channels import (
    clear,
    form_named,
    layers_of,
    mark_nodes,
    matrices,
    show_weights,
    sizes,
)
from metanet.errors import MetanetError
from metanet.models.gmn.trunk import Trunk, TrunkOptions
from metanet.options import shown

VALUE, INPUT, CONSTANT, SUM, RELU = range(5)
PLUS, MINUS = 1, 2
HIDDEN = 8
WEIGHT, EDGE_HIDDEN = 0, 3


def forward_pass(
    depth: int, bound: float = 1e3, form: str = "narrow"
) -> Callable[[Graph, Tensor], Tensor]:
    """Make a GMN of `depth` layers, in one of its forms, that runs ReLU networks up to that depth.

        run = forward_pass(depth=3)
        run(graphgen.compile(net, weights, kind="computation"), x)      # (batch, outputs)

    It reads computation graphs whose nodes are sums with or without a ReLU: MLPs and CNNs, with
    strides, paddings, groups and residual connections, and weights between -3 and 3.
    No value may be beyond `bound`. A node's state is its value; a message is the product of the
    edge's weight and the source's value, in two channels, one for each sign, so that the ReLU
    keeps both. After each layer the nodes one step further from the input are right. Float64.

    `MetanetError` for other graphs.
    """
    depth, bound = sizes("depth", depth, bound)
    trunk = simulator(depth, bound, form_named(form))

    @torch.no_grad()
    def run(graph: Graph, x: Tensor) -> Tensor:
        check(graph, depth)
        group = next(g for g in graph.node_groups if g.kind == "input")
        last = next(g for g in graph.node_groups if g.output == 0)
        features = torch.zeros(len(x), graph.num_nodes, 1, dtype=torch.float64)
        features[:, group.start : group.start + group.size, 0] = x.double().flatten(1)
        batch = Batch.from_graphs([graph] * len(x)).to(torch.float64).with_nodes([*features])
        states = trunk(batch).nodes.view(len(x), graph.num_nodes, HIDDEN)
        values: Tensor = states[:, last.start : last.start + last.size, VALUE]
        return values.reshape(len(x), *last.shape)

    return run


@torch.no_grad()
def simulator(depth: int, bound: float, form: str) -> Trunk:
    """Set the weights of the GMN that runs networks."""
    trunk = Trunk(
        HIDDEN,
        depth,
        TrunkOptions(
            form=form,
            edge_hidden=EDGE_HIDDEN,
            global_state=False,
            taps="parallel",
            aggregation="sum",
            fan_in_power=0.0,
            activation="relu",
            norm=False,
            multiply=True,
            positions=False,
            node_features=1,
        ),
    )
    clear(trunk)
    show_weights(trunk, WEIGHT)
    constant = [CONSTANT, VALUE]
    kinds = {"kind_input": [INPUT], "kind_constant": constant, "kind_sum": [SUM]}
    mark_nodes(trunk, {**kinds, "step_relu": [RELU]})
    if trunk.node_encoder.features is not None:
        trunk.node_encoder.features.weight[VALUE, 0] = 1
    for layer in layers_of(trunk):
        if layer.edge_factor is not None and layer.source_factor is not None:
            layer.edge_factor.weight[PLUS, WEIGHT] = 1
            layer.edge_factor.weight[MINUS, WEIGHT] = -1
            layer.source_factor.weight[[PLUS, MINUS], VALUE] = 1
        first, last = matrices(layer.to_node)
        into = HIDDEN
        # relu(s), relu(-s) where there is no ReLU, and the old value to be taken away
        for unit, sign in ((0, 1), (1, -1)):
            first[unit, into + PLUS], first[unit, into + MINUS] = sign, -sign
            first[unit, [INPUT, CONSTANT]] = -bound
        first[1, RELU] = -bound
        for unit, sign in ((2, 1), (3, -1)):
            first[unit, VALUE] = sign
            first[unit, [INPUT, CONSTANT]] = -bound
        last[VALUE, :4] = torch.tensor([1.0, -1.0, -1.0, 1.0])
    return trunk.double()


def check(graph: Graph, depth: int) -> None:
    """Raise `MetanetError` for a graph that the simulator would not run right."""
    if not isinstance(graph, Graph):
        raise MetanetError(
            f"expected a computation graph, got {shown(graph)}: graphgen.compile(net, weights, "
            "kind='computation') gives one"
        )
    if graph.template.kind != "computation":
        raise MetanetError(
            f"expected a computation graph, got a {graph.template.kind} graph: compile with "
            "kind='computation'"
        )
    for group in graph.node_groups:
        steps = [step.operation for step in group.steps]
        if group.kind not in ("input", "constant", "sum") or steps not in ([], ["relu"]):
            what = " then ".join([group.kind, *steps])
            raise MetanetError(
                f"{group.name}: this GMN runs sums with or without a ReLU, the graph has {what}"
            )
    deepest = max(group.depth for group in graph.node_groups)
    if deepest > depth:
        raise MetanetError(f"the graph is {deepest} deep, this GMN has {depth} layers")
    for block in graph.blocks:
        largest = abs(block.values()).max(initial=0)
        if largest > 3:
            raise MetanetError(f"{block.name}: a weight of size {largest:g}, expected at most 3")
