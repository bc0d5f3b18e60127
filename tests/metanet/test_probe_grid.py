"""A grid of probes: it reads what networks say, whatever their weights and architectures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.evaluate import run_stack
from metanet.models.probes import stacked
from metanet.testing import assert_batch_independent, assert_invariant

SINE = "{sine: {frequency: 9}}"


def inr(dimensions: int, channels: int, width: int = 5, depth: int = 1) -> spec.Architecture:
    hidden = f"{{linear: {{out_features: {width}}}}}, {SINE}, " * depth
    head = f"{{linear: {{out_features: {channels}}}}}"
    return spec.loads(f"inputs: {{x: [{dimensions}]}}\nlayers: [{hidden}{head}]")


def graphs_of(net: spec.Architecture, count: int = 3) -> list[graphgen.Graph]:
    rng = np.random.default_rng(0)
    return [graphgen.compile(net, random_weights(net, rng, np.float64)) for _ in range(count)]


def made(net: spec.Architecture, **settings: Any) -> metanet.ProbeGrid:
    torch.manual_seed(0)
    model: metanet.ProbeGrid = metanet.make_metanet("probe_grid", net=net, hidden=4, **settings)
    return model.double().eval()


@pytest.mark.parametrize(("dimensions", "probes"), [(1, 7), (1, 1), (2, 16), (2, 9), (3, 27)])
@pytest.mark.parametrize("channels", [1, 3])
def test_networks_of_any_architecture_are_read_by_what_they_say(
    dimensions: int, channels: int, probes: int
) -> None:
    nets = [inr(dimensions, channels), inr(dimensions, channels, 3, 2)]
    model = made(nets[0], learned_inputs=probes, outputs=2)
    graphs = [graph for net in nets for graph in graphs_of(net)]
    assert_invariant(model, graphs, np.random.default_rng(0))
    assert_batch_independent(model, graphs, np.random.default_rng(0))
    found = model(metanet.Batch.from_graphs(graphs))
    assert found.shape == (6, 2)
    (part,) = metanet.Batch.from_graphs(graphs[:3]).parts
    said = run_stack(nets[0], stacked(part, nets[0]), model.points)
    torch.testing.assert_close(model.answers(part), said.asinh(), atol=1e-9, rtol=1e-9)
    # Other networks have other answers, and points are learned.
    assert (found[0] != found[1]).all()
    found.square().sum().backward()
    assert model.points.grad is not None
    assert model.points.grad.any()


def test_the_same_function_of_other_weights_is_the_same() -> None:
    net = inr(2, 1)
    model, (graph,) = made(net), graphs_of(net, 1)
    weights = {name: np.array(array) for name, array in graph.weights().items()}
    same = {**weights, "2.weight": -weights["2.weight"]}
    same |= {"0.weight": -weights["0.weight"], "0.bias": -weights["0.bias"]}
    other = {**weights, "2.weight": -weights["2.weight"]}
    a, b, c = (float(model(graphgen.compile(net, w)).detach()) for w in (weights, same, other))
    assert a == pytest.approx(b, rel=1e-9)
    assert a != pytest.approx(c, rel=1e-3)


def test_what_has_no_grid_is_refused() -> None:
    with pytest.raises(
        metanet.MetanetError, match="`learned_inputs` is 60, expected a grid .* 64 or 81"
    ):
        made(inr(2, 1), learned_inputs=60)
    image = spec.loads("inputs: {x: [1, 4, 4]}\nlayers: [flatten, {linear: {out_features: 2}}]")
    with pytest.raises(metanet.MetanetError, match="from one input of 1 to 3 coordinates"):
        made(image)
    with pytest.raises(metanet.MetanetError, match="from one input of 1 to 3 coordinates"):
        made(inr(4, 1))
    with pytest.raises(metanet.MetanetError, match="from 2 coordinates to 1 channels"):
        made(inr(2, 1))(graphs_of(inr(2, 3)))
