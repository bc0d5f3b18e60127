from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.models.gmn.ablation import INGREDIENTS
from metanet.models.gmn.layer import GMNLayer
from metanet.testing import assert_backends_agree, assert_invariant, predict

CNN = """
vars: {activation: relu}
inputs: {x: [2, 6, 6]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3}
  - batch_norm
  - $activation
  - conv2d: {out_channels: 4, kernel_size: 3, padding: 1}
  - gelu
  - flatten
  - linear: {out_features: 2}
"""
ATTENTION = """
vars: {heads: 2}
inputs: {x: [5, 8]}
layers:
  - multihead_attention: {num_heads: $heads}
  - mean: {dim: 1}
  - linear: {out_features: 2}
"""
Weights = dict[str, np.ndarray]


def model(*without: str, **options: Any) -> metanet.GMN:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return metanet.GMN(hidden=8, layers=4, outputs=3, without=without, **options).double()


def cnn(**variables: object) -> tuple[spec.Architecture, Weights]:
    net = spec.loads(CNN, **variables)
    return net, random_weights(net, np.random.default_rng(0))


def differences(
    pairs: Sequence[tuple[spec.Architecture, Weights]], *without: str
) -> tuple[float, float]:
    """How far apart two networks are for the whole model, and for one without an ingredient."""
    batch = metanet.Batch.from_graphs([graphgen.compile(*pair) for pair in pairs])
    outputs = [predict(model(*names), batch) for names in ((), without)]
    first, second = (float((output[0] - output[1]).abs().max()) for output in outputs)
    return first, second


def changed(weights: Weights, name: str, new: np.ndarray) -> Weights:
    return {**weights, name: new}


def test_activations_look_alike() -> None:
    relu, weights = cnn()
    tanh, _ = cnn(activation="tanh")
    whole, without = differences([(relu, weights), (tanh, weights)], "activations")
    assert whole > 1e-4
    assert without < 1e-12


def test_running_statistics_are_not_seen() -> None:
    net, weights = cnn()
    name = next(name for name in weights if name.endswith("running_mean"))
    other = changed(weights, name, weights[name] + 1)
    whole, without = differences([(net, weights), (net, other)], "running_statistics")
    assert whole > 1e-4
    assert without < 1e-12


def test_taps_are_a_set_without_coordinates() -> None:
    net, weights = cnn()
    name = "0.weight"
    other = changed(weights, name, np.ascontiguousarray(weights[name][..., ::-1]))
    whole, without = differences([(net, weights), (net, other)], "tap_coordinates")
    assert whole > 1e-4
    assert without < 1e-12


def test_without_heads_queries_may_change_places_between_heads() -> None:
    net = spec.loads(ATTENTION)
    weights = random_weights(net, np.random.default_rng(0))
    # Queries and keys of head 0 and head 1 trade one unit, values do not.
    order = np.arange(24)
    order[[0, 4, 8, 12]] = order[[4, 0, 12, 8]]
    other = dict(weights)
    for name in weights:
        if "in_proj" in name:
            other[name] = np.ascontiguousarray(weights[name][order])
    whole, without = differences([(net, weights), (net, other)], "heads")
    assert whole > 1e-11  # the difference has come a long way: queries, scores, values, readout
    assert without < 1e-14


def test_biases_stay_known_without_their_nodes() -> None:
    net, weights = cnn()
    name = next(name for name in weights if name.endswith("bias"))
    other = changed(weights, name, weights[name] + 1)
    _, without = differences([(net, weights), (net, other)], "bias_nodes")
    assert without > 1e-4


def test_direction_cannot_be_told_without_it() -> None:
    layers = [built.trunk.layers[0] for built in (model(), model("direction"))]
    directed, undirected = layers
    assert isinstance(directed, GMNLayer)
    assert isinstance(undirected, GMNLayer)
    assert undirected.from_target is undirected.from_source
    assert directed.from_target is not directed.from_source


@pytest.mark.parametrize("ingredient", INGREDIENTS)
def test_every_ablation_keeps_the_symmetry_and_the_backends(ingredient: str) -> None:
    rng = np.random.default_rng(0)
    nets = [spec.loads(CNN), spec.loads(CNN), spec.loads(ATTENTION)]
    graphs = [graphgen.compile(net, random_weights(net, rng)) for net in nets]
    assert_invariant(model(ingredient), graphs, rng)
    batch = metanet.Batch.from_graphs(graphs)
    assert_backends_agree(lambda backend: model(ingredient, backend=backend), batch)


def test_an_unknown_ingredient_is_named() -> None:
    with pytest.raises(metanet.MetanetError, match="`without` names colour, expected some of act"):
        metanet.GMN(without=["colour"])
