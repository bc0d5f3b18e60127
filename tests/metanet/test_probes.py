"""Probes: activations of neurons at learned inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn

import graphgen
import metanet
import spec
from graphgen.testing import random_weights, relative_error
from metanet.evaluate import run_stack
from metanet.models.probes import Probes, stacked
from metanet.testing import (
    assert_batch_independent,
    assert_editor_batch_independent,
    assert_editor_equivariant,
    assert_invariant,
)
from spec.testing import networks

SIREN = spec.loads(
    "inputs: {x: [2]}\nlayers: [{linear: {out_features: 6}}, {sine: {frequency: 30}}, "
    "{linear: {out_features: 5}}, {sine: {frequency: 30}}, {linear: {out_features: 1}}]"
)
CNN = spec.loads("""
inputs: {x: [2, 6, 6]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3}
  - batch_norm
  - relu
  - conv2d: {out_channels: 3, kernel_size: 3}
  - gelu
  - adaptive_avg_pool2d: {output_size: 1}
  - flatten
  - linear: {out_features: 2}
""")
CHAIN = spec.loads("""
inputs: {x: [2, 6, 6]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3}
  - gelu
  - adaptive_avg_pool2d: {output_size: 1}
  - flatten
  - linear: {out_features: 2}
""")
TABLE = spec.loads(
    "inputs: {x: [4]}\nlayers: [{embedding: {num_embeddings: 7, embedding_dim: 3}}, flatten, "
    "{linear: {out_features: 2}}]"
)
INDICES = {
    "as they are": TABLE,
    "in another shape": spec.loads(
        "inputs: {x: [4]}\nlayers: [{reshape: {shape: [2, 2]}}, "
        "{embedding: {num_embeddings: 7, embedding_dim: 3}}, flatten, {linear: {out_features: 2}}]"
    ),
    "of items": spec.loads(
        "inputs: {x: [5, 2], which: [3]}\nlayers: [{index_select: {dim: 1, inputs: [x, which]}}, "
        "flatten, {linear: {out_features: 2}}]"
    ),
}
SMALL: dict[str, Any] = {"hidden": 8, "layers": 2, "probes": 5}
PREDICTORS = ("gmn", "ng_gnn", "ng_t", "np_nfn", "hnp_nfn", "dws")


def chains(name: str) -> tuple[spec.Architecture, ...]:
    return (SIREN,) if name == "dws" else (SIREN, CHAIN)


def graphs_of(net: spec.Architecture, count: int = 3) -> list[graphgen.Graph]:
    rng = np.random.default_rng(0)
    return [graphgen.compile(net, random_weights(net, rng)) for _ in range(count)]


def seeded(make: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make().double()


@torch.no_grad()
def features(probes: Probes, graphs: list[graphgen.Graph]) -> Tensor:
    (part,) = metanet.Batch.from_graphs(graphs).parts
    return probes(part)  # type: ignore[no-any-return]


def hooked(module: nn.Sequential, chosen: dict[str, int], x: Tensor) -> dict[str, Tensor]:
    """Run a module of torch, and give what some of its layers say, averaged over pixels."""
    found: dict[str, Tensor] = {}
    for name, place in chosen.items():

        def keep(_: Any, __: Any, y: Tensor, name: str = name) -> None:
            found[name] = y.flatten(2).mean(2) if y.ndim > 2 else y

        module[place].register_forward_hook(keep)
    module(x)
    return found


def test_features_are_what_torch_computes() -> None:
    graph = graphs_of(CNN, 1)[0]
    module = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 3), nn.GELU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2),
    ).double().eval()  # fmt: skip
    module.load_state_dict({n: torch.from_numpy(np.array(w)) for n, w in graph.weights().items()})
    probes = seeded(lambda: Probes(CNN, 5))
    with torch.no_grad():
        expected = hooked(module, {"0": 2, "3": 4, "7": 7}, probes.points[0])
    nodes = features(probes, [graph])[0]
    seen = set()
    for group in graph.template.node_groups:
        own = nodes[group.start : group.start + group.size]
        if group.name in expected:
            torch.testing.assert_close(own, expected[group.name].T.asinh(), rtol=1e-12, atol=1e-12)
            seen.add(group.name)
        elif group.kind == "input":
            torch.testing.assert_close(own, probes.points[0].mean((2, 3)).T.asinh())
        else:
            assert not own.any()
    assert seen == set(expected)


@given(networks().filter(lambda net: net.parameters), st.integers(0, 3))
def test_permuting_neurons_permutes_their_features(net: spec.Architecture, seed: int) -> None:
    try:
        probes = seeded(lambda: Probes(net, 3))
        group = graphgen.symmetries(net)
    except (metanet.MetanetError, graphgen.GraphError):
        assume(False)
    rng = np.random.default_rng(seed)
    weights = random_weights(net, rng)
    element = group.sample(rng)
    before, after = features(
        probes, [graphgen.compile(net, weights), graphgen.compile(net, element.apply(weights))]
    )
    assert before.any()
    assert relative_error(after.numpy(), before[element.nodes].numpy()) <= 1e-9


def test_a_single_number_is_a_feature_of_its_node() -> None:
    net = spec.loads(
        "inputs: {x: [2, 4]}\nlayers: [{linear: {out_features: 2}}, {mean: {dim: [1, 2]}}]"
    )
    probes, graph = seeded(lambda: Probes(net, 3)), graphs_of(net, 1)[0]
    weights = {name: torch.tensor(array) for name, array in graph.weights().items()}
    expected = metanet.evaluate.run(net, weights, *probes.points).detach()
    (last,) = (group for group in graph.template.node_groups if group.output >= 0)
    torch.testing.assert_close(features(probes, [graph])[0, last.start], expected.asinh())


def test_features_do_tell_neurons_apart() -> None:
    """The control: features that were left in their old places are not those of the neurons."""
    probes, (graph,) = seeded(lambda: Probes(SIREN, 5)), graphs_of(SIREN, 1)
    element = graphgen.symmetries(SIREN).sample(np.random.default_rng(1))
    moved = graph.template.bind(element.apply(graph.weights()))
    before, after = features(probes, [graph, moved])
    assert (element.nodes != np.arange(len(before))).any()
    assert relative_error(after.numpy(), before.numpy()) > 0.1


@pytest.mark.parametrize("name", PREDICTORS)
def test_predictors_with_probes(name: str) -> None:
    for net in chains(name):
        model = seeded(lambda net=net: metanet.make_metanet(name, **SMALL, net=net))
        assert_invariant(model, graphs_of(net), np.random.default_rng(0))
        assert_batch_independent(model, graphs_of(net), np.random.default_rng(0))


@pytest.mark.parametrize("name", ["gmn", "ng_gnn", "np_nfn", "hnp_nfn", "dws"])
def test_editors_with_probes(name: str) -> None:
    for net in chains(name):
        editor = seeded(lambda net=net: metanet.make_editor(name, **SMALL, net=net))
        assert_editor_equivariant(editor, graphs_of(net), np.random.default_rng(0))
        assert_editor_batch_independent(editor, graphs_of(net), np.random.default_rng(0))


@pytest.mark.parametrize("name", PREDICTORS)
def test_models_are_made_again_from_their_settings_and_learn_their_probes(name: str) -> None:
    model = seeded(lambda: metanet.make_metanet(name, **SMALL, net=SIREN))
    again = metanet.make_metanet(name, **model.settings).double()
    again.load_state_dict(model.state_dict())
    batch = metanet.Batch.from_graphs(graphs_of(SIREN))
    prediction = model(batch)
    assert torch.equal(prediction, again(batch))
    prediction.square().sum().backward()
    (points,) = [p for key, p in model.named_parameters() if "points" in key]
    assert points.grad is not None
    assert (points.grad != 0).all()


def test_a_gmn_reads_features_that_a_batch_brings_beside_probes() -> None:
    graphs = graphs_of(SIREN)
    batch = metanet.Batch.from_graphs(graphs)
    brought = [torch.randn(g.template.num_nodes, 2, dtype=torch.float64) for g in graphs]
    model = seeded(lambda: metanet.GMN(**SMALL, net=SIREN, node_features=2))
    first, second = model(batch.with_nodes(brought)), model(batch.with_nodes([-b for b in brought]))
    assert (first != second).all()


def test_a_readout_of_answers_reads_what_the_networks_say_and_keeps_symmetry() -> None:
    settings = {**SMALL, "net": SIREN, "readout": ["mean", "answers"]}
    model, graphs = seeded(lambda: metanet.GMN(**settings)), graphs_of(SIREN)
    assert_invariant(model, graphs, np.random.default_rng(0))
    assert_batch_independent(model, graphs, np.random.default_rng(0))
    batch = metanet.Batch.from_graphs(graphs)
    states = model.trunk(batch)
    points = model.trunk.probes.points[0]
    said = run_stack(SIREN, stacked(batch.parts[0], SIREN), points).asinh()
    expected = said.transpose(1, 2).flatten(1)
    torch.testing.assert_close(states.answers, expected, rtol=1e-9, atol=1e-9)
    # The answers reach the prediction, which they do not where the readout does not ask for them.
    for readout, reached in ((["mean", "answers"], True), (["mean"], False)):
        made = seeded(lambda readout=readout: metanet.GMN(**{**settings, "readout": readout}))
        found = made.trunk(batch)
        backend = made.trunk.backend
        other = replace(found, answers=found.answers + 1)
        assert torch.equal(made.readout(backend, found), made.readout(backend, other)) != reached
    with pytest.raises(metanet.MetanetError, match="'answers', and `probes` is 0"):
        metanet.GMN(**{**settings, "probes": 0})


@pytest.mark.parametrize("name", ["ng_gnn", "ng_t", "np_nfn", "hnp_nfn", "dws"])
def test_other_methods_leave_what_a_batch_brings_for_its_nodes(name: str) -> None:
    graphs = graphs_of(SIREN)
    batch = metanet.Batch.from_graphs(graphs)
    model = seeded(lambda: metanet.make_metanet(name, **SMALL, net=SIREN))
    brought = [torch.ones(g.template.num_nodes, 2) for g in graphs]
    assert torch.equal(model(batch.with_nodes(brought)), model(batch))


@pytest.mark.parametrize("name", ["gmn", "ng_gnn", "np_nfn"])
def test_standardised_probes_keep_symmetry_and_are_part_of_the_state(name: str) -> None:
    settings = {**SMALL, "standardise_probes": True}
    model = seeded(lambda: metanet.make_metanet(name, **settings, net=SIREN))
    graphs = graphs_of(SIREN)
    model.train()(metanet.Batch.from_graphs(graphs))
    model.eval()
    assert_invariant(model, graphs, np.random.default_rng(0))
    assert_batch_independent(model, graphs, np.random.default_rng(0))
    again = metanet.make_metanet(name, **model.settings).double()
    again.load_state_dict(model.state_dict())
    batch = metanet.Batch.from_graphs(graphs)
    assert torch.equal(model(batch), again.eval()(batch))
    untrained = metanet.make_metanet(name, **{**model.settings}).double()
    parameters = {
        k: v for k, v in model.state_dict().items() if not k.endswith(("mean", "deviation"))
    }
    untrained.load_state_dict(parameters, strict=False)
    assert not torch.allclose(model(batch), untrained.eval()(batch), rtol=1e-3)


def test_features_of_a_layer_are_standardised_by_what_was_seen() -> None:
    probes = seeded(lambda: Probes(SIREN, 4, standardised=True))
    plain = seeded(lambda: Probes(SIREN, 4))
    graphs = graphs_of(SIREN, 20)
    raw, seen = features(plain, graphs), features(probes.train(), graphs)
    groups = [graphs[0].template.node_groups[found.group] for found in probes.found]
    covered = torch.zeros(raw.shape[1], dtype=torch.bool)
    for group in groups:
        own = slice(group.start, group.start + group.size)
        covered[own] = True
        rows = raw[:, own]
        expected = (rows - rows.mean((0, 1))) / rows.std((0, 1), correction=0)
        torch.testing.assert_close(seen[:, own], expected, rtol=1e-6, atol=1e-6)
    assert torch.equal(seen[:, ~covered], raw[:, ~covered])
    # Later, a network's features depend on it alone, and statistics stay.
    probes.eval()
    before = probes.mean.clone()
    torch.testing.assert_close(features(probes, graphs[:1]), seen[:1], rtol=1e-9, atol=1e-9)
    assert torch.equal(probes.mean, before)
    probes.train()
    features(probes, graphs[:1])
    assert not torch.equal(probes.mean, before)


def test_mistakes_are_named() -> None:
    with pytest.raises(metanet.MetanetError, match="`net` is missing"):
        metanet.GMN(**SMALL)
    with pytest.raises(metanet.MetanetError, match="`probes` is -1, expected an integer from 0"):
        metanet.GMN(net=SIREN, probes=-1)
    for net in INDICES.values():
        with pytest.raises(metanet.MetanetError, match="holds indices of a table"):
            metanet.GMN(**SMALL, net=net)
    model = metanet.GMN(**SMALL, net=SIREN).double()
    with pytest.raises(metanet.MetanetError, match="these probes evaluate networks of"):
        model(metanet.Batch.from_graphs(graphs_of(CNN)))
