from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, reject
from hypothesis import strategies as st

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.testing import assert_editor_equivariant
from spec.testing import networks

CNN = """
inputs: {x: [2, 6, 6]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3}
  - batch_norm
  - relu
  - residual:
      body: [{conv2d: {out_channels: 4, kernel_size: [5, 3], padding: [2, 1], groups: 2}}, gelu]
  - flatten
  - linear: {out_features: 2}
"""
MLP = "inputs: {x: [3]}\nlayers: [{linear: {out_features: 5}}, tanh, {linear: {out_features: 2}}]"


def graphs_of(nets: list[spec.Architecture]) -> list[graphgen.Graph]:
    rng = np.random.default_rng(0)
    return [graphgen.compile(net, random_weights(net, rng)) for net in nets]


def editor(**options: Any) -> metanet.GMNEditor:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return metanet.GMNEditor(hidden=8, layers=2, members=2, **options).double()


@pytest.mark.parametrize("taps", ["folded", "parallel"])
@pytest.mark.parametrize("backend", ["block", "pyg"])
def test_an_editor_is_equivariant(taps: str, backend: str) -> None:
    graphs = graphs_of([spec.loads(text) for text in (CNN, MLP, CNN)])
    model = editor(taps=taps, backend=backend)
    assert_editor_equivariant(model, graphs, np.random.default_rng(0))


BRANCHES = """
inputs: {x: [3]}
layers:
  - linear: {inputs: x, out_features: 4, name: a, parameters: {weight: w}}
  - tanh: {name: p}
  - linear: {inputs: x, out_features: 4, name: b, parameters: {weight: w}}
  - tanh: {name: q}
  - add: {inputs: [p, q]}
  - linear: {out_features: 2, name: head}
"""


def test_a_shared_tensor_moves_by_what_all_its_uses_say() -> None:
    """Branches that share it may be exchanged: which of them owns it must not matter."""
    net = spec.loads(BRANCHES)
    weights = random_weights(net, np.random.default_rng(0))
    exchanged = {**weights, "a.bias": weights["b.bias"], "b.bias": weights["a.bias"]}
    graphs = [graphgen.compile(net, each) for each in (weights, exchanged)]
    first, second = (graph.weights() for graph in editor()(graphs)[0].graphs(graphs))
    np.testing.assert_allclose(first["w"], second["w"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(first["a.bias"], second["b.bias"], rtol=0, atol=1e-12)
    assert np.abs(first["w"] - weights["w"]).max() > 1e-6
    assert np.abs(first["a.bias"] - second["a.bias"]).max() > 1e-6


def trainable(net: spec.Architecture) -> bool:
    """Whether a network can be trained."""
    return any(tensor.trainable for tensor in graphgen.template(net).edge_tensors)


@given(st.lists(networks().filter(trainable), min_size=1, max_size=2))
def test_an_editor_is_equivariant_on_any_network(nets: list[spec.Architecture]) -> None:
    graphs = graphs_of(nets)
    try:
        [graphgen.Symmetries(graph.template) for graph in graphs]
    except graphgen.GraphError:
        reject()
    assert_editor_equivariant(editor(), graphs, np.random.default_rng(0))


def test_running_statistics_are_left_alone() -> None:
    graphs = graphs_of([spec.loads(CNN)])
    before = graphs[0].weights()
    after = editor()(metanet.Batch.from_graphs(graphs))[0].graphs(graphs)[0].weights()
    same = {name for name in before if np.array_equal(before[name], after[name])}
    assert same == {
        "1.running_mean",
        "1.running_var",
        "1.num_batches_tracked",
    }


def test_the_members_of_an_ensemble_differ_and_learn() -> None:
    graphs = graphs_of([spec.loads(MLP)] * 2)
    model = editor()
    first, second = model(metanet.Batch.from_graphs(graphs))
    assert not torch.allclose(first.parts[0].values, second.parts[0].values)
    (first.parts[0].values.square().sum() + second.parts[0].values.square().sum()).backward()
    assert all(p.grad is not None for n, p in model.named_parameters() if "to_weights" in n)


def test_an_editor_that_writes_by_place_is_caught() -> None:
    model = editor()

    def shifted(batch: metanet.Batch) -> tuple[metanet.Batch, ...]:
        edited = model(batch)
        for one in edited:
            for part in one.parts:
                part.values.data += torch.linspace(0, 1, part.values.shape[1])
        return edited

    graphs = graphs_of([spec.loads(MLP)] * 2)
    with pytest.raises(AssertionError, match="changes what member 0 writes by"):
        assert_editor_equivariant(shifted, graphs, np.random.default_rng(0))
    with pytest.raises(AssertionError, match="the editor changes no weight"):
        assert_editor_equivariant(lambda batch: (batch,), graphs, np.random.default_rng(0))


def test_an_editor_refuses_what_it_cannot_write() -> None:
    net = spec.loads(MLP)
    graph = graphgen.compile(net, random_weights(net, np.random.default_rng(0)), kind="computation")
    with pytest.raises(metanet.MetanetError, match="takes parameter graphs"):
        editor()(metanet.Batch.from_graphs([graph]))
    with pytest.raises(metanet.MetanetError, match="`members` is 0, expected an integer from 1"):
        metanet.GMNEditor(members=0)
