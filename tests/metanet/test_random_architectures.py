"""Random networks with every layer: numpy, torch and the graphs agree, and symmetries hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import graphgen
import spec
from graphgen.testing import (
    assert_round_trip,
    assert_symmetric,
    random_inputs,
    random_weights,
    relative_error,
)
from metanet.evaluate import run
from spec.layer import LAYERS
from spec.testing import families, networks
from spec.testing.examples import EXAMPLES
from spec.testing.layers import WRITERS

Arrays = dict[str, NDArray[Any]]
EVERY = st.one_of(families(), networks())


def first(results: Any) -> Any:
    return results[0] if isinstance(results, tuple) else results


def single(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def in_torch(net: spec.Architecture, weights: Arrays, inputs: Any) -> NDArray[Any]:
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}
    return run(net, tensors, *(torch.from_numpy(x) for x in inputs)).numpy()


def amplification(net: spec.Architecture, weights: Arrays, inputs: Any, y: Any) -> float:
    """How much larger a relative change of all weights comes out, at least 1."""
    rng = np.random.default_rng(1)
    small = 1e-9
    moved = {
        name: x * (1 + small * rng.choice((-1, 1), x.shape)) if x.dtype.kind == "f" else x
        for name, x in weights.items()
    }
    return max(1.0, relative_error(first(graphgen.evaluate(net, moved, *inputs)), y) / small)


def check(net: spec.Architecture) -> None:
    rng = np.random.default_rng(0)
    weights, inputs = random_weights(net, rng), random_inputs(net, rng)
    exact = first(graphgen.evaluate(net, weights, *inputs))
    assert relative_error(in_torch(net, weights, inputs), exact) <= 1e-10
    graph = graphgen.compile(net, weights, "computation")
    graph.verify()
    assert relative_error(first(graphgen.evaluate(graph, *inputs)), exact) <= 1e-10
    # Rounding to float32 is a relative change of all weights by up to 6e-8.
    if amplification(net, weights, inputs, exact) < 100:
        low, inexact = {n: single(x) for n, x in weights.items()}, [single(x) for x in inputs]
        assert relative_error(in_torch(net, low, inexact), exact) <= 1e-4
        assert relative_error(first(graphgen.evaluate(net, low, *inexact)), exact) <= 1e-4
    assert_round_trip(net, weights)
    try:
        group = graphgen.symmetries(net)
    except graphgen.GraphError as error:
        assert "nest" in str(error)  # noqa: PT017
        return
    assert_symmetric(net, weights, inputs, rng, count=100, group=group)


@given(EVERY)
def test_random_architectures_are_exact(net: spec.Architecture) -> None:
    check(net)


@pytest.mark.long
@settings(max_examples=300)
@given(EVERY)
def test_random_architectures_are_exact_long(net: spec.Architecture) -> None:
    check(net)


@pytest.mark.long
def test_every_layer_of_the_registry_is_drawn() -> None:
    seen: set[str] = set()

    @settings(max_examples=3000)
    @given(families())
    def draw(net: spec.Architecture) -> None:
        seen.update(layer.type for layer in net.layers)

    draw()
    seen.update(WRITERS)
    # Drawn too seldom, or refused in many places: these have examples of their own.
    assert set(LAYERS) - seen <= {"reshape", "max_pool3d", "avg_pool3d", "adaptive_max_pool3d",
                                  "adaptive_avg_pool3d"} & set(EXAMPLES)  # fmt: skip


def test_a_weight_that_moves_is_seen() -> None:
    net = spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 2}}, tanh]")
    rng = np.random.default_rng(0)
    weights, inputs = random_weights(net, rng), random_inputs(net, rng)
    exact = first(graphgen.evaluate(net, weights, *inputs))
    moved = {**weights, "0.weight": weights["0.weight"] * (1 + 1e-8)}
    assert relative_error(in_torch(net, moved, inputs), exact) > 1e-10
    low = {name: single(array) for name, array in weights.items()}
    low["0.weight"] = low["0.weight"] * np.float32(1.001)
    assert relative_error(in_torch(net, low, [single(x) for x in inputs]), exact) > 1e-4
