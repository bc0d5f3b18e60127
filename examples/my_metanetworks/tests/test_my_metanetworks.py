"""What the package adds is what it says; each part alone, and all by name."""

import numpy as np
import torch
from my_metanetworks.ranking import Ranking

import graphgen
import metanet
import spec
from graphgen.testing import assert_round_trip, assert_symmetric, random_inputs, random_weights
from metanet.testing import assert_invariant
from pipelines import datasets, signals
from pipelines.tasks.registry import task_of

TEXT = """
inputs: {x: [3]}
layers: [{linear: {out_features: 4}}, channel_scale, relu, {linear: {out_features: 2}}]
"""


def test_the_layer_multiplies_and_has_an_exact_graph() -> None:
    rng = np.random.default_rng(0)
    net = spec.loads(TEXT)
    weights = random_weights(net, rng)
    (x,) = random_inputs(net, rng)
    hidden = (x @ weights["0.weight"].T + weights["0.bias"]) * weights["1.weight"]
    expected = np.maximum(hidden, 0) @ weights["3.weight"].T + weights["3.bias"]
    np.testing.assert_allclose(graphgen.evaluate(net, weights, x), expected, rtol=1e-5)
    assert_round_trip(net, weights)
    assert_symmetric(net, weights, x, rng)


def test_the_metanet_is_invariant() -> None:
    torch.manual_seed(0)
    model = metanet.make_metanet("norms", hidden=8)
    net = spec.load("mlp")
    rng = np.random.default_rng(0)
    graphs = [graphgen.compile(net, random_weights(net, rng)) for _ in range(3)]
    assert_invariant(model, graphs, rng)


def test_the_data_set_is_the_same_each_time() -> None:
    data, again = datasets.load("stripes"), datasets.load("stripes")
    assert data.train_images.shape == (400, 1, 8, 8)
    assert np.array_equal(data.test_images, again.test_images)
    assert set(data.test_labels) == {0, 1}


def test_the_task_is_known_by_name() -> None:
    assert task_of({"task": "ranking"}) is Ranking


def test_the_signals_are_drawn_by_their_number() -> None:
    waves = signals.load("chirps", seed=1, growth=0.0, points=50)
    wave = waves.signal("train", 3)
    expected = np.sin(np.pi * wave.labels["rate"] * wave.coordinates)
    np.testing.assert_allclose(wave.values, expected, atol=1e-5)
    assert not np.array_equal(wave.values, waves.signal("train", 4).values)
