from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from numpy.typing import NDArray

import graphgen
import spec
from graphgen.testing import random_weights
from spec.testing import networks
from spec.testing.small_nets import SMALL_NETS, small_net

TWO_HEADS = """
inputs: {x: [2, 4]}
layers:
  - linear: {out_features: 8}
  - multihead_attention: {num_heads: 4, packed: false, name: a}
  - linear: {out_features: 2}
"""


def distance(net: spec.Architecture, a: Any, b: Any) -> float:
    return sum(float(np.abs(a[name] - b[name]).sum()) for name in net.parameters)


@pytest.mark.parametrize("name", SMALL_NETS)
def test_a_permuted_copy_is_brought_back(name: str) -> None:
    net = small_net(name)
    rng = np.random.default_rng(0)
    weights = random_weights(net, rng)
    group = graphgen.symmetries(net)
    permuted = weights
    while distance(net, permuted, weights) == 0:
        permuted = group.sample(rng).apply(weights)
    aligned = graphgen.match(net, weights, permuted).apply(permuted)
    assert distance(net, aligned, weights) == 0


def inner_product(net: spec.Architecture, a: Any, b: Any) -> float:
    return sum(float(np.vdot(a[name], b[name])) for name in net.parameters)


@given(networks())
def test_matching_is_a_symmetry_and_brings_closer(net: spec.Architecture) -> None:
    try:
        group = graphgen.symmetries(net)
    except graphgen.GraphError as error:
        assume("nest" not in str(error))
        raise
    rng = np.random.default_rng(0)
    a, b = random_weights(net, rng), random_weights(net, rng)
    aligned = graphgen.match(net, a, b).apply(b)
    assert inner_product(net, a, aligned) >= inner_product(net, a, b) - 1e-9
    assert {n: np.sort(x, axis=None).tolist() for n, x in aligned.items()} == {
        n: np.sort(x, axis=None).tolist() for n, x in b.items()
    } or any(len(level.mappings) > 1 for level in group.branches)


def test_no_exchange_of_neighbours_brings_closer() -> None:
    net = spec.loads(TWO_HEADS)
    rng = np.random.default_rng(0)
    a, b = random_weights(net, rng), random_weights(net, rng)
    aligned = graphgen.match(net, a, b).apply(b)
    best = inner_product(net, a, aligned)
    others = [
        inner_product(net, a, element.apply(aligned))
        for element in graphgen.symmetries(net).generators()
    ]
    assert max(others) <= best
    assert min(others) < best
    unmatched = [
        inner_product(net, a, element.apply(b)) for element in graphgen.symmetries(net).generators()
    ]
    assert max(unmatched) > inner_product(net, a, b)


def test_weights_that_do_not_fit_are_refused() -> None:
    net = spec.loads(TWO_HEADS)
    weights = random_weights(net, np.random.default_rng(0))
    with pytest.raises(graphgen.GraphError, match=r"a\.k_proj\.weight: missing"):
        graphgen.match(net, weights, {n: x for n, x in weights.items() if n != "a.k_proj.weight"})


def test_a_barrier_is_the_rise_above_the_line_between_the_ends() -> None:
    a = {"w": np.array([0.0, 0.0]), "n": np.array(3)}
    b = {"w": np.array([2.0, 2.0]), "n": np.array(5)}

    def loss(weights: dict[str, NDArray[Any]]) -> float:
        (x, _) = weights["w"]
        assert weights["n"] == 3
        return float(x + (1 - (x - 1) ** 2))

    barrier = graphgen.loss_barrier(loss, a, b, points=5)
    assert barrier.losses == (0.0, 1.25, 2.0, 2.25, 2.0)
    assert barrier.height == 1.0
    assert graphgen.loss_barrier(lambda weights: -loss(weights), a, b).height == 0.0
    with pytest.raises(graphgen.GraphError, match="at least 2 points, got 1"):
        graphgen.loss_barrier(loss, a, b, points=1)
    with pytest.raises(graphgen.GraphError, match="the tensors of `a` and `b` differ"):
        graphgen.interpolate(a, {"w": np.zeros(3), "n": np.array(1)}, 0.5)
