from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.batch import float_offsets
from spec.testing import networks

MLP = """
inputs: {x: [3]}
layers: [{linear: {out_features: %d}}, batch_norm, relu, {linear: {out_features: 2}}]
"""


def graphs_of(widths: list[int], dtype: Any = np.float64) -> list[graphgen.Graph]:
    rng = np.random.default_rng(0)
    nets = [spec.loads(MLP % width) for width in widths]
    return [graphgen.compile(net, random_weights(net, rng, dtype)) for net in nets]


@given(st.lists(networks(), min_size=1, max_size=4), st.data())
def test_every_network_is_where_the_batch_says(
    nets: list[spec.Architecture], data: st.DataObject
) -> None:
    rng = np.random.default_rng(0)
    known = [graphgen.compile(net, random_weights(net, rng)) for net in nets]
    graphs = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=8))
    batch = metanet.Batch.from_graphs(graphs)
    assert batch.num_networks == len(graphs)
    assert len(batch.parts) == len({graph.template.architecture for graph in graphs})
    places = [position for part in batch.parts for position in part.positions]
    assert sorted(places) == list(range(len(graphs)))
    assert torch.equal(torch.tensor(places)[batch.order], torch.arange(len(graphs)))
    for part in batch.parts:
        for row, place in enumerate(part.positions):
            graph = graphs[place]
            assert part.template is graph.template
            for name, (start, size) in float_offsets(part.template).items():
                expected = torch.tensor(graph.tensors[name]).reshape(-1)
                assert torch.equal(part.values[row, start : start + size], expected)
                assert torch.equal(part.tensor(name)[row], expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, ml_dtypes.bfloat16])
def test_a_batch_of_a_set_is_the_batch_of_its_graphs(tmp_path: Path, dtype: Any) -> None:
    widths = [4, 5, 4, 6, 5, 4]
    graphs = graphs_of(widths, dtype)
    rows = [
        (spec.loads(MLP % width), graph.weights(), {})
        for width, graph in zip(widths, graphs, strict=True)
    ]
    stored = graphgen.GraphSet.write(tmp_path, rows, rows_per_shard=2)
    chosen = [5, 1, 0, 1, 3]
    from_set = metanet.Batch.from_set(stored, chosen)
    from_graphs = metanet.Batch.from_graphs([graphs[i] for i in chosen])
    assert len(from_set.parts) == len(from_graphs.parts) == 3
    for a, b in zip(from_set.parts, from_graphs.parts, strict=True):
        assert a.positions == b.positions
        assert torch.equal(a.values, b.values)
        assert a.values.dtype == (torch.float64 if dtype is np.float64 else torch.float32)


def test_a_batch_owns_its_values() -> None:
    graphs = graphs_of([4, 4])
    before = graphs[0].tensors["0.weight"].copy()
    metanet.Batch.from_graphs(graphs).parts[0].values.zero_()
    assert np.array_equal(graphs[0].tensors["0.weight"], before)


def test_a_batch_is_converted_as_a_whole() -> None:
    batch = metanet.Batch.from_graphs(graphs_of([4, 5, 4]))
    half = batch.to(torch.float16)
    assert [part.values.dtype for part in half.parts] == [torch.float16] * 2
    assert [part.positions for part in half.parts] == [(0, 2), (1,)]
    assert torch.equal(half.order, batch.order)


def test_what_cannot_be_a_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(metanet.MetanetError, match="at least one network, got none"):
        metanet.Batch.from_graphs([])
    (graph,) = graphs_of([4])
    weights = {**graph.weights(), "0.bias": graph.tensors["0.bias"].astype(np.float32)}
    with pytest.raises(metanet.MetanetError, match="one floating-point dtype .* float64, float32"):
        metanet.Batch.from_graphs([graph.template.bind(weights)])


def test_networks_of_one_architecture_and_two_dtypes_are_refused() -> None:
    with pytest.raises(metanet.MetanetError, match="dtype"):
        metanet.Batch.from_graphs([*graphs_of([4]), *graphs_of([4], np.float32)])
    with pytest.raises(metanet.MetanetError, match="dtype"):
        metanet.Batch.from_graphs([*graphs_of([4]), *graphs_of([5], np.float32)])
