from __future__ import annotations

import numpy as np
import pytest

import graphgen
import spec
from graphgen.surgery.prune import prune
from graphgen.surgery.scores import lowest, unit_scores
from graphgen.testing import random_weights
from graphgen.units.derivation import units


@pytest.mark.parametrize("name", ["resnet", "llama", "lstm_classifier", "densenet"])
def test_scores_are_sums_over_slices(name: str) -> None:
    net = graphgen.sources.architecture_from(name)
    rng = np.random.default_rng(0)
    weights, gradients = random_weights(net, rng), random_weights(net, rng)
    size, change = unit_scores(net, weights), unit_scores(net, weights, gradients=gradients)
    for family in units(net).families.values():
        unit = family[len(family) - 1]
        parts = [own for own in unit.slices if net.tensors[own.tensor].trainable]
        squares = sum(float((weights[own.tensor][own.index] ** 2).sum()) for own in parts)
        products = sum(
            float((weights[own.tensor][own.index] * gradients[own.tensor][own.index]).sum())
            for own in parts
        )
        at = (*unit.copy, unit.item)
        assert size[family.name][at] == pytest.approx(np.sqrt(squares), rel=1e-12)
        assert change[family.name][at] == pytest.approx(abs(products), rel=1e-9)
        assert size[family.name].shape == (*family.copies, family.size)


def test_lowest_of_each_copy() -> None:
    net = spec.loads("""
inputs: {x: [4]}
layers: [{linear: {out_features: 6}}, relu, {linear: {out_features: 2}}]
""")
    own = {"0/neuron": np.array([3.0, 0.5, 2.0, 0.1, 9.0, 4.0])}
    gone = lowest(net, own, share=0.5)
    assert [unit.item for unit in gone] == [3, 1, 2]
    weights = random_weights(net, np.random.default_rng(0))
    left = prune(net, weights, gone).weights
    assert np.array_equal(left["0.weight"], weights["0.weight"][[0, 4, 5]])
    assert lowest(net, own, share=0.0) == []
    own = {"model.layers.0.self_attn/query head": np.array([[1, 2], [2, 1]])}
    queries = lowest("llama", own, share=0.5)
    assert [(unit.copy, unit.item) for unit in queries] == [((0,), 0), ((1,), 1)]


def test_refusals() -> None:
    net = graphgen.sources.architecture_from("mlp")
    weights = random_weights(net, np.random.default_rng(0))
    size = units(net)["1/neuron"].size
    for scores, share, told in (
        ({"1/neuron": np.zeros(3)}, 0.5, r"the scores of 1/neuron has the shape \[3\], expected"),
        ({"1/neuron": np.full(size, np.nan)}, 0.5, "the scores of 1/neuron have NaN"),
        ({"x": np.zeros(3)}, 0.5, "no family of units 'x'"),
        ({}, 1.0, "`share` is a float, 1.0"),
        ({}, True, "`share` is a bool"),
    ):
        with pytest.raises(graphgen.GraphError, match=told):
            lowest(net, scores, share=share)
    with pytest.raises(graphgen.GraphError, match="`gradients` has none of"):
        unit_scores(net, weights, gradients={})
