"""Gains of norms against networks with their norms folded in."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.models.encoder import edge_weights
from metanet.plan import Plan

NORMED = """
inputs: {{x: [3, 6, 6]}}
layers:
  - conv2d: {{out_channels: 4, kernel_size: 3, bias: {bias}}}
  - {norm}
  - relu
  - flatten
  - linear: {{out_features: 5}}
  - layer_norm
"""
PLAIN = """
inputs: {x: [3, 6, 6]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3}
  - relu
  - batch_norm
  - flatten
  - linear: {out_features: 5}
"""


def weights_and_effective(net: spec.Architecture, weights: dict) -> tuple[np.ndarray, np.ndarray]:
    plan = Plan(metanet.Batch.from_graphs([graphgen.compile(net, weights)]), 3)
    return tuple(edge_weights(plan, 0.0, effective).numpy() for effective in (False, True))


def rows_of(plan_net: spec.Architecture, weights: dict, tensor: str) -> slice:
    plan = Plan(metanet.Batch.from_graphs([graphgen.compile(plan_net, weights)]), 3)
    blocks = graphgen.template(plan_net).blocks
    (piece,) = [p for p in plan.slices if blocks[p.index].tensor == tensor]
    return slice(piece.start, piece.stop)


@pytest.mark.parametrize("bias", ["true", "false"])
def test_effective_weights_are_those_of_the_folded_network(bias: str) -> None:
    net = spec.loads(NORMED.format(norm="batch_norm: {eps: 1e-3}", bias=bias))
    weights = dict(random_weights(net, np.random.default_rng(0)))
    gain = weights["1.weight"] / np.sqrt(weights["1.running_var"] + 1e-3)
    plain, effective = weights_and_effective(net, weights)
    kernel = rows_of(net, weights, "0.weight")
    expected = weights["0.weight"] * gain[:, None, None, None]
    np.testing.assert_allclose(effective[kernel, :9].reshape(4, 3, 3, 3), expected, rtol=1e-12)
    if bias == "true":
        rows = rows_of(net, weights, "0.bias")
        np.testing.assert_allclose(effective[rows, 4], weights["0.bias"] * gain, rtol=1e-12)
    # A layer norm's deviation depends on its inputs: its scale alone is known.
    rows = rows_of(net, weights, "4.weight")
    expected = weights["4.weight"].reshape(5, -1) * weights["5.weight"][:, None]
    own = effective[rows, 4].reshape(5, -1)
    np.testing.assert_allclose(own, expected, rtol=1e-12)
    # The controls: these weights differ from the plain ones, and the norm's own tensors do not.
    assert not np.allclose(effective[kernel], plain[kernel])
    for name in ("1.weight", "1.bias", "1.running_mean", "1.running_var"):
        rows = rows_of(net, weights, name)
        assert np.array_equal(effective[rows], plain[rows])


def test_the_gain_of_a_group_norm_is_its_scale() -> None:
    net = spec.loads(NORMED.format(norm="group_norm: {num_groups: 2}", bias="true"))
    weights = dict(random_weights(net, np.random.default_rng(0)))
    _, effective = weights_and_effective(net, weights)
    rows = rows_of(net, weights, "0.weight")
    expected = weights["0.weight"] * weights["1.weight"][:, None, None, None]
    np.testing.assert_allclose(effective[rows, :9].reshape(4, 3, 3, 3), expected, rtol=1e-12)


def test_a_norm_behind_an_activation_gives_no_gain() -> None:
    net = spec.loads(PLAIN)
    plain, effective = weights_and_effective(
        net, dict(random_weights(net, np.random.default_rng(0)))
    )
    assert np.array_equal(plain, effective)


def test_a_rescaled_neuron_before_a_batch_norm_has_the_same_effective_weights() -> None:
    net = spec.loads(NORMED.format(norm="batch_norm: {eps: 0.0}", bias="true"))
    weights = dict(random_weights(net, np.random.default_rng(1)))
    factor = np.array([0.5, 2.0, 3.0, 1.0])
    scaled = dict(weights)
    scaled["0.weight"] = weights["0.weight"] * factor[:, None, None, None]
    scaled["0.bias"] = weights["0.bias"] * factor
    scaled["1.running_mean"] = weights["1.running_mean"] * factor
    scaled["1.running_var"] = weights["1.running_var"] * factor**2
    x = np.random.default_rng(2).normal(size=(2, 3, 6, 6))
    np.testing.assert_allclose(
        graphgen.evaluate(net, scaled, x), graphgen.evaluate(net, weights, x), rtol=1e-9
    )
    rows = rows_of(net, weights, "0.weight")
    (plain, one), (other_plain, two) = (weights_and_effective(net, w) for w in (weights, scaled))
    np.testing.assert_allclose(two[rows], one[rows], rtol=1e-9)
    assert not np.allclose(other_plain[rows], plain[rows])


def test_gains_have_gradients() -> None:
    net = spec.loads(NORMED.format(norm="batch_norm", bias="true"))
    weights = dict(random_weights(net, np.random.default_rng(0)))
    (part,) = metanet.Batch.from_graphs([graphgen.compile(net, weights)]).parts
    model = metanet.GMN(hidden=4, layers=1, effective_weights=True).double()
    values = part.values.clone().requires_grad_()
    batch = metanet.Batch((metanet.batch.Part(part.template, values, part.positions),))
    assert torch.autograd.gradcheck(
        lambda v: model(metanet.Batch((metanet.batch.Part(part.template, v, part.positions),))),
        (values,),
    )
    model(batch).sum().backward()
    assert values.grad is not None
