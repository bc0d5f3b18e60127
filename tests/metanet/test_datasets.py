"""Data sets of torch and PyTorch Geometric, against the graphs one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torch_geometric.loader import DataLoader as PyGLoader

import graphgen
import metanet
import spec
from graphgen.testing import random_weights

TEXT = "inputs: {x: [3]}\nlayers: [{linear: {out_features: %d}}, relu, {linear: {out_features: 2}}]"


@pytest.fixture
def graphs(tmp_path: Path) -> graphgen.GraphSet:
    rng = np.random.default_rng(0)
    nets = [spec.loads(TEXT % width) for width in (4, 6)]
    rows = [
        (nets[i % 2], random_weights(nets[i % 2], rng, np.float32), {"name": "n", "y": {"a": i}})
        for i in range(5)
    ]
    return graphgen.GraphSet.write(tmp_path / "graphs", rows)


def test_batches_of_a_loader(graphs: graphgen.GraphSet) -> None:
    torch.manual_seed(0)
    model = metanet.GMN(hidden=8, layers=1).eval()
    alone = torch.cat([model(metanet.Batch.from_graphs(graph)) for graph in graphs])
    dataset = metanet.GraphDataset(graphs[1:], "y.a")
    loader = DataLoader(dataset, batch_size=3, shuffle=True, collate_fn=dataset.collate)
    seen = []
    for batch, y in loader:
        assert y.dtype == torch.float32
        torch.testing.assert_close(model(batch), alone[y.long()])
        seen += y.tolist()
    assert sorted(seen) == [1, 2, 3, 4]
    torch.testing.assert_close(model(metanet.Batch.from_graphs(graphs)), alone)
    assert metanet.GraphDataset(graphs).y.isnan().all()


def test_data_of_pytorch_geometric(graphs: graphgen.GraphSet) -> None:
    dataset = metanet.PyGDataset(graphs[::-1], "y.a")
    (data,) = PyGLoader(dataset, batch_size=5)
    assert data.y.tolist() == [4, 3, 2, 1, 0]
    expected = np.concatenate([graph.edge_values() for graph in reversed(graphs)])
    assert np.array_equal(data.edge_attr[:, 0].numpy(), expected)


@pytest.mark.parametrize("kind", ["GraphDataset", "PyGDataset"])
@pytest.mark.parametrize(
    ("target", "message"),
    [("y.b", "`target`: .* no 'y.b'; it has architecture, name"), ("name", "is no nu")],
)
def test_targets_that_are_none(
    graphs: graphgen.GraphSet, kind: str, target: str, message: str
) -> None:
    with pytest.raises(metanet.MetanetError, match=message):
        getattr(metanet, kind)(graphs, target)


def test_what_is_no_graph_set(graphs: graphgen.GraphSet) -> None:
    wrong: Any = [graphs[0]]
    with pytest.raises(metanet.MetanetError, match=r"`graphs` is \[a Graph\], expected a GraphSet"):
        metanet.GraphDataset(wrong)
