from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import graphgen
import metanet
import spec
from graphgen import EdgeBlock
from graphgen.testing import random_weights
from metanet.options import INGREDIENTS
from metanet.plan import Plan
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


def shifted(suffix: str) -> list[tuple[spec.Architecture, Weights]]:
    """A network, and one whose first tensor of that name is larger by one."""
    net, weights = cnn()
    name = next(name for name in weights if name.endswith(suffix))
    return [(net, weights), (net, changed(weights, name, weights[name] + 1))]


def test_activations_look_alike() -> None:
    relu, weights = cnn()
    tanh, _ = cnn(activation="tanh")
    whole, without = differences([(relu, weights), (tanh, weights)], "activations")
    assert whole > 1e-4
    assert without < 1e-12


def test_running_statistics_are_not_seen() -> None:
    whole, without = differences(shifted("running_mean"), "running_statistics")
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
    _, without = differences(shifted("bias"), "bias_nodes")
    assert without > 1e-4
    net, weights = cnn()
    batch = metanet.Batch.from_graphs([graphgen.compile(net, weights)])
    edges = [len(built.trunk(batch).edges) for built in (model(), model("bias_nodes"))]
    assert edges[0] - edges[1] == 4 + 2 * 4 + 4 + 2  # two convolutions, a norm, a linear map


@pytest.mark.parametrize(("without", "differ"), [((), True), (("direction",), False)])
def test_direction_cannot_be_told_without_it(without: tuple[str, ...], differ: bool) -> None:
    net, weights = cnn()
    batch = metanet.Batch.from_graphs([graphgen.compile(net, weights)])
    (part,) = batch.parts
    blocks = tuple(mirrored(block) for block in part.template.blocks)
    backward = metanet.Batch((replace(part, template=replace(part.template, blocks=blocks)),))
    trunk = model(*without).trunk
    layer = trunk.layers[0]
    states = trunk.first_states(batch)
    there = layer(trunk.backend, states).nodes.detach()
    back = layer(trunk.backend, replace(states, plan=Plan(backward, trunk.taps))).nodes.detach()
    assert (float((there - back).abs().max()) > 1e-4) == differ
    assert differ or torch.allclose(there, back, rtol=0, atol=1e-12)


def mirrored(block: EdgeBlock) -> EdgeBlock:
    return replace(
        block,
        source_group=block.target_group,
        source_start=block.target_start,
        source_strides=block.target_strides,
        target_group=block.source_group,
        target_start=block.source_start,
        target_strides=block.source_strides,
    )


@pytest.mark.parametrize("ingredient", INGREDIENTS)
def test_every_ablation_keeps_the_symmetry_and_the_backends(ingredient: str) -> None:
    rng = np.random.default_rng(0)
    nets = [spec.loads(CNN), spec.loads(CNN), spec.loads(ATTENTION)]
    graphs = [graphgen.compile(net, random_weights(net, rng)) for net in nets]
    assert_invariant(model(ingredient), graphs, rng)
    batch = metanet.Batch.from_graphs(graphs)
    assert_backends_agree(lambda backend: model(ingredient, backend=backend), batch)


def test_an_unknown_ingredient_is_named() -> None:
    with pytest.raises(
        metanet.MetanetError, match="`without` is \\['colour'\\], expected a list of some of act"
    ):
        metanet.GMN(without=["colour"])
