"""The editors beside GMN's."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.testing import (
    assert_editor_batch_independent,
    assert_editor_equivariant,
    assert_editor_keeps_buffers,
)

SMALL = {"hidden": 8, "layers": 2, "members": 2}
WITHOUT_NET = ("gmn", "ng_gnn")


def mlp(*widths: int, activation: str = "relu", bias: bool = True) -> spec.Architecture:
    layers = f", {activation}, ".join(
        f"linear: {{out_features: {w}, bias: {str(bias).lower()}}}" for w in widths[1:]
    )
    return spec.loads(f"inputs: {{x: [{widths[0]}]}}\nlayers: [{layers}]")


def cnn(*channels: int, end: str = "adaptive_avg_pool2d: {output_size: 1}") -> spec.Architecture:
    layers = "".join(
        f"  - conv2d: {{out_channels: {c}, kernel_size: [3, 2]}}\n  - relu\n" for c in channels
    )
    return spec.loads(
        f"inputs: {{x: [2, 7, 7]}}\nlayers:\n{layers}  - {end}\n  - flatten\n"
        "  - linear: {out_features: 3}"
    )


SIREN = "sine: {frequency: 30}"
CHAINS = {
    "mlp": [mlp(3, 5, 4, 2)] * 3,
    "widths": [mlp(3, 5, 4, 2), mlp(3, 7, 3, 2), mlp(3, 5, 4, 2)],
    "without biases": [mlp(3, 5, 4, 2, bias=False)] * 3,
    "siren": [mlp(2, 5, 4, 1, activation=SIREN)] * 3,
    "cnn": [cnn(4, 5)] * 3,
    "flattened": [cnn(4, 5, end="identity")] * 3,
    "mixed": [mlp(3, 5, 4, 2), cnn(4, 5), mlp(3, 6, 2)],
}
ALL = ("mlp", "widths", "without biases", "siren", "cnn", "flattened")
TAKES = {
    "gmn": (*ALL, "mixed"),
    "dws": ("mlp", "widths", "without biases", "siren"),
    "hnp_nfn": ALL,
    "ng_gnn": ("mlp", "widths", "without biases", "siren", "cnn", "mixed"),
    "np_nfn": ALL,
    "scale_gmn": ALL,
}
CASES = [(name, kind) for name, kinds in TAKES.items() for kind in kinds]


def graphs_of(nets: list[spec.Architecture], seed: int = 0) -> list[graphgen.Graph]:
    rng = np.random.default_rng(seed)
    return [graphgen.compile(net, random_weights(net, rng)) for net in nets]


def editor_for(name: str, net: spec.Architecture, **options: Any) -> metanet.Editor:
    given_net = {} if name in WITHOUT_NET else {"net": net}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return metanet.make_editor(name, **given_net, **SMALL, **options).double()


def test_every_editor_is_tested() -> None:
    assert set(metanet.EDITORS) == {*TAKES, "mlp"}


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_properties_hold(name: str, kind: str) -> None:
    editor, graphs = editor_for(name, CHAINS[kind][0]), graphs_of(CHAINS[kind])
    rng = np.random.default_rng(0)
    assert_editor_equivariant(editor, graphs, rng)
    assert_editor_batch_independent(editor, graphs, rng)
    again = metanet.make_editor(name, **editor.settings).double()
    again.load_state_dict(editor.state_dict())
    batch = metanet.Batch.from_graphs(graphs)
    written = [part.values for edited in editor(batch) for part in edited.parts]
    rewritten = [part.values for edited in again(batch) for part in edited.parts]
    assert all(map(torch.equal, written, rewritten))
    sum(values.square().sum() for values in written).backward()
    unused = [n for n, p in editor.named_parameters() if p.grad is None]
    assert not [n for n in unused if n.startswith(("heads", "to_", "scale"))] or "bias" in kind


@given(
    st.lists(st.integers(1, 5), min_size=3, max_size=5),
    st.sampled_from(list(TAKES)),
    st.sampled_from(["relu", "tanh", SIREN]),
)
def test_properties_hold_for_any_mlp(widths: list[int], name: str, activation: str) -> None:
    nets = [mlp(*widths, activation=activation)] * 2
    editor, graphs = editor_for(name, nets[0]), graphs_of(nets)
    rng = np.random.default_rng(0)
    assert_editor_equivariant(editor, graphs, rng, count=1)
    assert_editor_batch_independent(editor, graphs, rng, count=1)


@pytest.mark.parametrize("name", metanet.EDITORS)
def test_an_untrained_editor_is_near_the_identity(name: str) -> None:
    net = mlp(3, 16, 16, 2)
    (graph, *_) = graphs_of([net])
    (edited, _) = editor_for(name, net)(metanet.Batch.from_graphs([graph]))
    new = edited.graphs([graph])[0].weights()
    for tensor, old in graph.weights().items():
        change = np.abs(new[tensor] - old)
        assert change.min() > 0
        assert change.max() < 0.1


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    "net", [mlp(3, 5, 4, 2), mlp(3, 5, 4, 2, activation="tanh"), cnn(4, 5), CHAINS["siren"][0]]
)
def test_what_a_scale_gmn_writes_scales(net: spec.Architecture, bidirectional: bool) -> None:
    graphs, rng = graphs_of([net] * 3), np.random.default_rng(0)
    editor = editor_for("scale_gmn", net, bidirectional=bidirectional)
    assert_editor_equivariant(editor, graphs, rng, group=graphgen.Scalings)
    for other in ("gmn", "np_nfn"):
        with pytest.raises(AssertionError, match="transforming a network's neurons changes"):
            assert_editor_equivariant(editor_for(other, net), graphs, rng, group=graphgen.Scalings)


@pytest.mark.parametrize("net", [CHAINS["mlp"][0], CHAINS["cnn"][0]])
def test_the_mlp_has_no_symmetry(net: spec.Architecture) -> None:
    editor, graphs = editor_for("mlp", net), graphs_of([net] * 3)
    rng = np.random.default_rng(0)
    assert_editor_batch_independent(editor, graphs, rng)
    with pytest.raises(AssertionError, match="permuting a network's neurons changes what member 0"):
        assert_editor_equivariant(editor, graphs, rng)


def test_an_augmented_mlp_writes_back_where_it_read() -> None:
    net = mlp(3, 6, 2)
    batch = metanet.Batch.from_graphs(graphs_of([net]))
    editor = editor_for("mlp", net).train()
    assert isinstance(editor, metanet.MLPEditor)
    first, second = (editor(batch)[0].parts[0].values for _ in range(2))
    assert not torch.equal(first, second)
    element = graphgen.symmetries(net).sample(np.random.default_rng(3))
    graph = batch.graphs(graphs_of([net]))[0]
    moved = metanet.Batch.from_graphs([graph.template.bind(element.apply(graph.weights()))])
    index = (moved.parts[0].values[0].unsqueeze(1) == batch.parts[0].values[0]).int().argmax(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(editor.trunk, "permutations", lambda part: index.unsqueeze(0))
        change = editor.change(batch.parts[0])
    torch.testing.assert_close(change[:, :, index], editor.eval().change(moved.parts[0]))
    plain = editor_for("mlp", net, augment=False).train()
    assert torch.equal(*(plain(batch)[0].parts[0].values for _ in range(2)))


CNN_WITH_NORM = """
inputs: {x: [2, 6, 6]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3}
  - batch_norm
  - relu
  - flatten
  - linear: {out_features: 2}
"""
TIED = """
inputs: {x: [4]}
layers:
  - linear: {out_features: 4, name: first}
  - relu
  - linear: {out_features: 4, name: second, parameters: {weight: first.weight}}
"""


@pytest.mark.parametrize("name", ["gmn", "mlp"])
def test_buffers_are_left_alone(name: str) -> None:
    net = spec.loads(CNN_WITH_NORM)
    graphs = graphs_of([net] * 2)
    assert assert_editor_keeps_buffers(editor_for(name, net), graphs) == 0


def test_a_tied_tensor_is_written_once_at_its_owner() -> None:
    net = spec.loads(TIED)
    graphs = graphs_of([net] * 2)
    assert_editor_equivariant(editor_for("gmn", net), graphs, np.random.default_rng(0))
    for name in ("gmn", "mlp"):
        (edited, _) = editor_for(name, net)(metanet.Batch.from_graphs(graphs))
        new = edited.graphs(graphs)[0]
        assert set(new.weights()) == {"first.weight", "first.bias", "second.bias"}
        uses = [block for block in new.blocks if block.tensor == "first.weight"]
        assert [block.tied for block in uses] == [False, True]
        owner, tied = (block.values() for block in uses)
        assert np.array_equal(owner, tied)


def test_an_editor_of_buffers_is_caught() -> None:
    def add(batch: metanet.Batch) -> tuple[metanet.Batch, ...]:
        for part in batch.parts:
            part.values.add_(1)
        return (batch,)

    graphs = graphs_of([spec.loads(CNN_WITH_NORM)])
    with pytest.raises(AssertionError, match="member 0 writes '1.running_mean', which is not"):
        assert_editor_keeps_buffers(add, graphs)
    with pytest.raises(AssertionError, match="the editor changes no weight"):
        assert_editor_keeps_buffers(lambda batch: (batch,), graphs)


def test_an_editor_that_looks_at_the_batch_is_caught() -> None:
    def centred(batch: metanet.Batch) -> tuple[metanet.Batch, ...]:
        changes = [part.values.mean(0, keepdim=True) / 9 for part in batch.parts]
        return (metanet.models.editor.add_changes(batch, changes),)

    graphs = graphs_of([mlp(3, 5, 2)] * 3)
    with pytest.raises(AssertionError, match="being in a batch of 3 changes what member 0 writes"):
        assert_editor_batch_independent(centred, graphs, np.random.default_rng(0))


def test_what_cannot_be_written_is_refused() -> None:
    net = mlp(3, 5, 2)
    with pytest.raises(metanet.MetanetError, match="unknown editor 'dmc'; known: gmn, dws"):
        metanet.make_editor("dmc")
    with pytest.raises(metanet.MetanetError, match="NGGNNEditor does not take these settings"):
        metanet.make_editor("ng_gnn", width=3)
    with pytest.raises(metanet.MetanetError, match="`members` is 0, expected an integer from 1"):
        metanet.NPNFNEditor(net, members=0)
    with pytest.raises(metanet.MetanetError, match="takes chains of linear and convolution"):
        metanet.HNPNFNEditor(spec.loads(CNN_WITH_NORM))
    batch = metanet.Batch.from_graphs(graphs_of([mlp(3, 5, 5, 2)]))
    for name in ("np_nfn", "hnp_nfn", "dws", "scale_gmn"):
        with pytest.raises(metanet.MetanetError, match="was made for"):
            editor_for(name, net)(batch)
    with pytest.raises(metanet.MetanetError, match="takes networks of one architecture"):
        editor_for("mlp", net)(batch)
    weights = random_weights(net, np.random.default_rng(0))
    graph = graphgen.compile(net, weights, kind="computation")
    for name in metanet.EDITORS:
        with pytest.raises(metanet.MetanetError, match="takes parameter graphs"):
            editor_for(name, net)(metanet.Batch.from_graphs([graph]))


def test_members_share_what_they_read() -> None:
    net = mlp(3, 5, 2)
    make = partial(metanet.NPNFNEditor, net, hidden=8, layers=1)
    sizes = [sum(p.numel() for p in make(members=m).trunk.parameters()) for m in (1, 3)]
    assert sizes[0] == sizes[1]
    assert len(make(members=3).double()(metanet.Batch.from_graphs(graphs_of([net])))) == 3
