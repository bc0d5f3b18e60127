"""A metanet reads the columns that `graphgen.features` gives, group by group and block by block."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from oracles.slow_encoding import edge_weights

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.layout import Layout, layout
from metanet.models.encoder import BlockEncoder, NodeEncoder
from metanet.plan import Plan
from spec.testing import networks

CNN = """
inputs: {x: [2, 6, 6]}
layers:
  - conv2d: {out_channels: 4, kernel_size: [3, 1], stride: 2, padding: 1}
  - relu
  - flatten
  - linear: {out_features: 3}
"""

STEPS = "inputs: {x: [3]}\nlayers: [{linear: {out_features: 2}}, %s]"


def seen(laid: Layout) -> tuple[torch.Tensor, torch.Tensor]:
    """What a layout says of each node and of each edge, written out."""
    nodes = torch.cat([laid.group_columns[laid.node_group], laid.places], dim=1)
    edges = []
    for block, row, grid in zip(laid.blocks, laid.block_columns, laid.coordinates, strict=True):
        inside = torch.zeros(4) if grid is None else grid
        edges.append(
            torch.cat(
                [row.expand(block.num_edges, -1), inside.expand(*block.shape, 4).reshape(-1, 4)],
                dim=1,
            )
        )
    return nodes, torch.cat(edges) if edges else torch.zeros(0, laid.block_columns.shape[1] + 4)


@given(networks())
def test_a_layout_holds_the_features_of_its_template(net: spec.Architecture) -> None:
    template = graphgen.template(net)
    found = graphgen.features(template)
    nodes, edges = seen(layout(template, 0))
    assert np.array_equal(nodes.numpy(), found.nodes)
    assert np.array_equal(edges.numpy(), found.edges)


def test_control_another_network_has_another_layout() -> None:
    other = graphgen.template(spec.loads(CNN.replace("relu", "tanh")))
    nodes, edges = seen(layout(other, 0))
    found = graphgen.features(graphgen.template(spec.loads(CNN)))
    assert np.array_equal(edges.numpy(), found.edges)
    assert not np.array_equal(nodes.numpy(), found.nodes)


def test_the_encoder_reads_these_columns_and_no_others() -> None:
    net = spec.loads(CNN)
    graph = graphgen.compile(net, random_weights(net, np.random.default_rng(0), np.float32))
    batch = metanet.Batch.from_graphs([graph, graph])
    plan = Plan(batch, taps=0)
    found = graphgen.features(graph)
    nodes, blocks = NodeEncoder(5), BlockEncoder(5)
    weight = torch.cat([nodes.columns.weight, nodes.places.weight], dim=1)
    expected = torch.from_numpy(found.nodes) @ weight.T + nodes.columns.bias
    torch.testing.assert_close(nodes(plan, batch), expected.repeat(2, 1))
    of_edges = torch.from_numpy(found.edges[:, : blocks.columns.in_features])
    states = blocks(plan)[plan.row_block].repeat_interleave(plan.row_edges, dim=0)
    order = torch.cat([torch.arange(p.start, p.stop) for p in plan.slices])
    rows = [
        torch.arange(block.edge_start, block.edge_start + block.num_edges).repeat(2)
        for block in (graph.blocks[piece.index] for piece in plan.slices)
    ]
    expected = of_edges @ blocks.columns.weight.T + blocks.columns.bias
    torch.testing.assert_close(states[order], expected[torch.cat(rows)])
    coordinates = edge_weights(plan, batch, 0.0)[:, 1:]
    torch.testing.assert_close(
        coordinates[order], torch.from_numpy(found.edges[:, -4:])[torch.cat(rows)]
    )


def test_folded_taps_have_no_coordinates_and_other_positions_keep_theirs() -> None:
    text = "inputs: {x: [2, 6, 6]}\nlayers:\n  - conv2d: {out_channels: 3, kernel_size: 3}\n"
    template = graphgen.template(spec.loads(text))
    folded, parallel = layout(template, 3), layout(template, 0)
    assert folded.coordinates[0] is None
    assert parallel.coordinates[0] is not None
    assert parallel.coordinates[0].shape == (1, 1, 3, 3, 4)


@pytest.mark.parametrize("axes", [4, 5, 6])
def test_networks_over_many_axes_are_read(axes: int) -> None:
    shape = [2, *([2, 3] * axes)[:axes]]
    text = f"inputs: {{x: {shape}}}\nlayers: [flatten, {{linear: {{out_features: 2}}}}]"
    net = spec.loads(text)
    weights = random_weights(net, np.random.default_rng(0), np.float32)
    name = next(n for n, array in weights.items() if array.ndim == 2)
    torch.manual_seed(0)
    model = metanet.GMN(hidden=8, layers=1).double()
    first, second = (
        model(metanet.Batch.from_graphs(graphgen.compile(net, w)).to(torch.float64))
        for w in (weights, {**weights, name: weights[name][:, ::-1]})
    )
    assert (first - second).abs().max() > 1e-8


def test_more_than_sixteen_steps_are_read_in_their_order() -> None:
    names = ["relu", "tanh", "gelu", "silu", "elu"] * 5
    predictions = []
    for order in (names, [*names[:-2], names[-1], names[-2]]):
        net = spec.loads(STEPS % ", ".join(order))
        weights = random_weights(net, np.random.default_rng(0))
        torch.manual_seed(0)
        model = metanet.GMN(hidden=8, layers=1).double()
        predictions.append(model(metanet.Batch.from_graphs(graphgen.compile(net, weights))))
    assert (predictions[0] - predictions[1]).abs().max() > 1e-8
