from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given

import graphgen
import spec
from graphgen.features import EDGE_NAMES, NODE_NAMES
from graphgen.kinds import EDGE_KINDS, NODE_KINDS
from graphgen.testing import random_weights
from spec.testing import networks


@given(networks())
def test_every_node_and_edge_is_exported(net: spec.Architecture) -> None:
    graph = graphgen.compile(net, random_weights(net, np.random.default_rng(0)))
    data = graphgen.export.to_pyg(graph)
    data.validate()
    assert data.num_nodes == graph.num_nodes
    assert data.num_edges == graph.num_edges
    assert np.array_equal(data.edge_index.numpy(), graph.edge_index())
    assert np.array_equal(data.edge_attr.numpy()[:, 0], graph.edge_values())
    assert data.edge_attr.dtype == (torch.float64 if net.tensors else torch.float32)
    assert data.edge_attr.shape == (graph.num_edges, 1 + len(EDGE_NAMES))
    assert np.array_equal(data.x.numpy(), graphgen.features(graph).nodes)
    assert data.x.shape == (graph.num_nodes, len(NODE_NAMES))
    position = data.edge_attr[:, 1 + EDGE_NAMES.index("coordinate_0") :]
    assert (position.abs() <= 1).all()
    for name in ("edge_index", "node_kind", "node_group", "edge_kind", "edge_block"):
        assert data[name].dtype == torch.int64
    for block_number, block in enumerate(graph.blocks):
        chosen = data.edge_block == block_number
        assert chosen.sum() == block.num_edges
        assert {EDGE_KINDS[i] for i in data.edge_kind[chosen]} == {block.kind}
        assert set(data.node_group[data.edge_index[0, chosen]].tolist()) == {block.source_group}
        assert set(data.node_group[data.edge_index[1, chosen]].tolist()) == {block.target_group}
        # Parallel edges are told apart by their positions, all others by their ends.
        rows = torch.cat([data.edge_index[:, chosen].T, position[chosen]], dim=1)
        assert len(rows.unique(dim=0)) == block.num_edges
    kinds = [NODE_KINDS[i] for i in data.node_kind]
    assert kinds.count("input") == sum(
        group.size for group in graph.node_groups if group.kind == "input"
    )


@pytest.mark.parametrize(
    ("dtype", "exported"),
    [
        (np.float16, torch.float32),
        (np.float32, torch.float32),
        (np.float64, torch.float64),
        (ml_dtypes.bfloat16, torch.float32),
    ],
)
def test_the_dtype_of_the_weights_is_kept(dtype: type, exported: torch.dtype) -> None:
    net = spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 2}}]")
    weights = random_weights(net, np.random.default_rng(0), dtype)
    data = graphgen.export.to_pyg(graphgen.compile(net, weights))
    assert data.edge_attr.dtype == exported
    assert data.edge_attr[:6, 0].tolist() == weights["0.weight"].reshape(-1).tolist()


def test_exports_are_batched_by_torch_geometric() -> None:
    from torch_geometric.data import Batch

    net = spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 2}}]")
    graph = graphgen.compile(net, random_weights(net, np.random.default_rng(0)))
    batch = Batch.from_data_list([graphgen.export.to_pyg(graph)] * 2)
    assert batch.num_nodes == 2 * graph.num_nodes
    assert batch.x.shape[0] == 2 * graph.num_nodes
    assert batch.description == [graphgen.export.description.describe(graph)] * 2
    assert batch.edge_index.max() == 2 * graph.num_nodes - 1


def test_an_export_owns_its_memory() -> None:
    net = spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 2}}]")
    weights = random_weights(net, np.random.default_rng(0))
    before = weights["0.weight"].copy()
    graphgen.export.to_pyg(graphgen.compile(net, weights)).edge_attr.zero_()
    assert np.array_equal(weights["0.weight"], before)
