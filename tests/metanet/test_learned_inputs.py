"""Metanets that ask networks at inputs that they learn, and read no weight."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet import Batch, MetanetError
from metanet.evaluate import run
from metanet.evaluate.stack import stack_values
from metanet.models.hidden_activations import by_neuron
from metanet.testing import assert_batch_independent, assert_deterministic, assert_invariant

MODELS = {
    "learned_inputs": metanet.LearnedInputs,
    "probe_gen": metanet.ProbeGen,
    "hidden_activations": metanet.HiddenActivations,
}
SMALL: dict[str, Any] = {"learned_inputs": 4, "hidden": 8, "dropout": 0.5}
TEXTS = {
    "images": [
        "inputs: {x: [1, 6, 5]}\nlayers: [flatten, {linear: {out_features: 6}}, relu, "
        "{linear: {out_features: 3}}]",
        "inputs: {x: [1, 6, 5]}\nlayers: [{conv2d: {out_channels: 4, kernel_size: 3}}, "
        "batch_norm, relu, {adaptive_avg_pool2d: {output_size: 2}}, flatten, "
        "{linear: {out_features: 5}}, tanh, {linear: {out_features: 3}}]",
    ],
    "signals": [
        "inputs: {x: [2, 9]}\nlayers: [{conv1d: {out_channels: 4, kernel_size: 3}}, tanh, flatten, "
        "{linear: {out_features: 2}}, softmax]",
    ],
    "coordinates": [
        "inputs: {x: [2]}\nlayers: [{linear: {out_features: 6}}, {sine: {frequency: 30}}, "
        "{linear: {out_features: 1}}]",
        "inputs: {x: [2]}\nlayers: [{linear: {out_features: 5}}, tanh, {linear: {out_features: 4}},"
        " relu, {linear: {out_features: 1}}]",
    ],
    "two inputs": [
        "inputs: {a: [3], b: [2, 3]}\nlayers: [{flatten: {inputs: [b], name: f}}, "
        "{concat: {inputs: [a, f]}}, {linear: {out_features: 5}}, relu, "
        "{linear: {out_features: 4}}]",
    ],
}
NETS = {name: [spec.loads(text) for text in texts] for name, texts in TEXTS.items()}


def graphs_of(name: str, count: int = 4) -> list[graphgen.Graph]:
    rng = np.random.default_rng(0)
    nets = NETS[name]
    return [
        graphgen.compile(nets[place % len(nets)], random_weights(nets[place % len(nets)], rng))
        for place in range(count)
    ]


def model_of(name: str, kind: str) -> metanet.Metanet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return metanet.make_metanet(kind, net=NETS[name][0], **SMALL).double()


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("name", NETS)
def test_networks_of_any_architectures_with_the_same_inputs(name: str, kind: str) -> None:
    model, graphs = model_of(name, kind), graphs_of(name)
    rng = np.random.default_rng(0)
    assert_invariant(model, graphs, rng)
    assert_batch_independent(model, graphs, rng)
    assert assert_deterministic(model, graphs) == 0
    batch = Batch.from_graphs(graphs)
    model.eval()
    states = model.embed(batch)
    assert states.ndim == 2
    torch.testing.assert_close(model.head(states), model(batch))
    model(batch).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert all(p.grad.abs().sum() > 0 for n, p in model.named_parameters() if "points" in n)


@pytest.mark.parametrize("kind", MODELS)
def test_it_learns_inputs_that_tell_networks_apart(kind: str) -> None:
    graphs = graphs_of("images", 24)
    target = torch.tensor([float(g.weights()[last_bias(g)][0]) for g in graphs])
    model = metanet.make_metanet(kind, net=NETS["images"][0], learned_inputs=4, hidden=8)
    batch = Batch.from_graphs(graphs).to(torch.float32)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(40):
        loss = F.mse_loss(model(batch)[:, 0], target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def last_bias(graph: graphgen.Graph) -> str:
    return [name for name in graph.weights() if name.endswith("bias")][-1]


def test_a_saved_model_predicts_the_same() -> None:
    graphs = graphs_of("images")
    for kind in MODELS:
        model = model_of("images", kind)
        again = metanet.make_metanet(kind, **model.settings).double()
        again.load_state_dict(model.state_dict())
        model.eval(), again.eval()
        assert torch.equal(again(graphs), model(graphs))


def test_a_model_of_answers_sees_the_function_alone() -> None:
    """Weights that no output depends on change nothing; the activations of neurons do show them."""
    (graph, *_) = graphs_of("images", 1)
    weights = {name: array.copy() for name, array in graph.weights().items()}
    weights["3.weight"][:, 0] = 0
    silent = graph.template.bind(weights)
    turned = {**weights, "1.weight": weights["1.weight"].copy()}
    turned["1.weight"][0] *= -2
    other = graph.template.bind(turned)
    for kind in MODELS:
        model = model_of("images", kind).eval()
        same = torch.allclose(model([silent]), model([other]), rtol=1e-12, atol=1e-12)
        assert same is (kind != "hidden_activations")


def test_activations_are_those_of_torch() -> None:
    net = NETS["images"][1]
    graph = graphgen.compile(net, random_weights(net, np.random.default_rng(0)))
    weights = {n: torch.from_numpy(np.array(w)) for n, w in graph.weights().items()}
    x = torch.randn(3, 1, 6, 5, dtype=torch.float64)
    state = F.conv2d(x, weights["0.weight"], weights["0.bias"])
    state = F.batch_norm(
        state, weights["1.running_mean"], weights["1.running_var"],
        weights["1.weight"], weights["1.bias"],
    ).relu()  # fmt: skip
    expected = F.adaptive_avg_pool2d(state, 2).mean((2, 3)).T.asinh()
    stacks = {n: w.unsqueeze(0) for n, w in weights.items()}
    found = graphgen.neuron_values(net)
    values = stack_values(net, stacks, [layer.value for layer in found], x)
    nodes = [torch.tensor(layer.nodes.ravel()) for layer in found]
    rows = [by_neuron(value, own)[0] for value, own in zip(values, nodes, strict=True)]
    assert any(r.shape == expected.shape and torch.allclose(r, expected) for r in rows)
    outputs = run(net, weights, x).T.asinh()
    assert any(r.shape == outputs.shape and torch.allclose(r, outputs) for r in rows)


@pytest.mark.parametrize("shape", [[3], [2, 9], [3, 32, 32], [1, 5, 7], [1, 4, 6, 3], [2, 1, 40]])
def test_a_generator_makes_inputs_of_any_shape_by_linear_maps(shape: list[int]) -> None:
    net = spec.loads(
        f"inputs: {{x: {shape}}}\nlayers: [{{flatten: {{}}}}, {{linear: {{out_features: 2}}}}]"
        if len(shape) > 1
        else f"inputs: {{x: {shape}}}\nlayers: [{{linear: {{out_features: 2}}}}]"
    )
    model = metanet.ProbeGen(net, learned_inputs=6, hidden=16).double()
    (inputs,) = model.inputs()
    assert list(inputs.shape) == [6, *shape]
    assert 0.5 < inputs.std() < 2
    (generator,) = model.generators
    codes, other = model.codes, model.codes.flip(0)
    first, second, none = (generator(c) for c in (codes, other, 0 * codes))
    found = generator(2 * codes - other) - none
    torch.testing.assert_close(found, 2 * (first - none) - (second - none))


@pytest.mark.parametrize("kind", MODELS)
def test_what_cannot_be_asked_is_refused(kind: str) -> None:
    tokens = spec.loads(
        "inputs: {x: [4]}\nlayers: [{embedding: {num_embeddings: 7, embedding_dim: 3}}, flatten, "
        "{linear: {out_features: 2}}]"
    )
    with pytest.raises(MetanetError, match="indices of a table"):
        metanet.make_metanet(kind, net=tokens)
    with pytest.raises(MetanetError, match="`learned_inputs` is 0"):
        metanet.make_metanet(kind, net=NETS["images"][0], learned_inputs=0)
    model = model_of("images", kind)
    with pytest.raises(MetanetError, match=r"goes from \[\[2, 9\]\] to \[2\]; these inputs were"):
        model(graphs_of("signals", 1))


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("value", [0.0, 1e30, float("nan"), float("inf")])
def test_predictions_are_finite_whatever_the_weights(value: float, kind: str) -> None:
    net = NETS["images"][1]
    arrays = {
        n: np.full(w.shape, value, np.float64) if w.dtype.kind == "f" else w
        for n, w in random_weights(net, np.random.default_rng(0)).items()
    }
    found: Tensor = model_of("images", kind).eval()([graphgen.compile(net, arrays)])
    assert found.isfinite().all()


@pytest.mark.parametrize(
    "name", ["learned_inputs", "probe_gen", "hidden_activations", "probe_grid"]
)
def test_a_number_of_inputs_that_is_none_is_refused(name: str) -> None:
    inr = spec.loads("{inputs: {x: [2]}, layers: [sine, {linear: {out_features: 1}}]}")
    assert metanet.make_metanet(name, net=inr, learned_inputs=4).settings["learned_inputs"] == 4
    for wrong in (0, -1, 2.5):
        with pytest.raises(
            metanet.MetanetError, match=f"`learned_inputs` is {wrong}, expected an integer"
        ):
            metanet.make_metanet(name, net=inr, learned_inputs=wrong)
