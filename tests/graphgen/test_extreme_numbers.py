"""Comparing, merging and scoring what is huge, tiny, not finite or of few bits."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

import graphgen
import spec
from graphgen.differences.values import relative
from graphgen.testing import random_weights

Arrays = dict[str, NDArray[Any]]
NET = spec.loads("""
inputs: {x: [4]}
layers: [{linear: {out_features: 6}}, relu, {linear: {out_features: 2}}]
""")
SIZES = (2.0**1000, 2.0**660, 1.0, 2.0**-660, 2.0**-1000)


def weights(size: float = 1.0, seed: int = 0) -> Arrays:
    drawn = random_weights(NET, np.random.default_rng(seed))
    return {name: size * array for name, array in drawn.items()}


@pytest.mark.parametrize("size", SIZES)
def test_a_difference_is_relative_at_every_size(size: float) -> None:
    a, b = weights(size), weights(size, 1)
    for name, array in weights().items():
        expected = np.linalg.norm(array - weights(seed=1)[name]) / np.linalg.norm(array)
        assert relative(a[name], b[name]) == pytest.approx(expected, rel=1e-14)
    assert relative(a["0.weight"], -a["0.weight"]) == pytest.approx(2)
    assert relative(a["0.weight"], a["0.weight"]) == 0


@pytest.mark.parametrize("size", SIZES)
def test_other_numbers_are_other_numbers_at_every_size(size: float) -> None:
    own = weights(size)
    doubled = {name: 2 * array for name, array in own.items()}
    found = graphgen.diff(NET, NET, own, doubled, align=False).weights
    assert found is not None
    assert found.counts() == {"different": 4}
    assert all(tensor.relative == pytest.approx(1) for tensor in found.tensors)
    moved = graphgen.symmetries(NET).sample(np.random.default_rng(3)).apply(own)
    copied = graphgen.diff(NET, NET, own, moved).weights
    assert copied is not None
    assert {*copied.counts()} <= {"equal", "permuted"}
    matched = graphgen.diff(NET, NET, own, doubled).weights
    assert matched is not None
    assert "different" in matched.counts()


def test_the_largest_numbers_are_compared() -> None:
    """Their distance is more than a number holds, and infinite is what it is called."""
    own = {name: np.copysign(1.5e308, array) for name, array in weights().items()}
    found = graphgen.diff(NET, NET, own, {name: -array for name, array in own.items()}).weights
    assert found is not None
    assert "distance inf" in found.how
    assert "different" in found.counts()
    same = graphgen.diff(NET, NET, own, own).weights
    assert same is not None
    assert {*same.counts()} == {"equal"}


def test_complex_and_short_numbers_are_compared() -> None:
    assert relative(np.array([1 + 1j]), np.array([1 - 1j])) == pytest.approx(2**0.5)
    for kind in (np.float16, ml_dtypes.bfloat16, np.int8):
        assert relative(np.array([3, 4], kind), np.array([0, 4], kind)) == pytest.approx(0.6)
    assert relative(np.zeros((0, 3)), np.zeros((0, 3))) == 0


@pytest.mark.parametrize("size", SIZES)
def test_an_arc_is_one_at_every_size(size: float) -> None:
    found = graphgen.slerp(weights(size), weights(size, 1), 0.3)
    expected = graphgen.slerp(weights(), weights(seed=1), 0.3)
    line = graphgen.interpolate(weights(), weights(seed=1), 0.3)
    for name in expected:
        assert np.allclose(found[name] / size, expected[name], rtol=1e-12)
        assert not np.allclose(found[name] / size, line[name], rtol=1e-3)


@pytest.mark.parametrize("share", [-0.1, 1.1, 5])
def test_an_arc_has_ends(share: float) -> None:
    with pytest.raises(graphgen.GraphError, match="expected a number from 0 to 1"):
        graphgen.slerp(weights(), weights(seed=1), share)
    graphgen.interpolate(weights(), weights(seed=1), share)  # a line has none


@pytest.mark.parametrize("size", SIZES)
def test_units_are_scored_at_every_size(size: float) -> None:
    found, expected = (graphgen.unit_scores(NET, weights(own)) for own in (size, 1.0))
    for name, scores in expected.items():
        assert np.array_equal(found[name], size * scores)
        assert np.isfinite(found[name]).all()
    change = graphgen.unit_scores(NET, weights(size), gradients=weights(1 / size, 1))
    for name, scores in graphgen.unit_scores(NET, weights(), gradients=weights(seed=1)).items():
        assert np.allclose(change[name], scores, rtol=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_has_no_score(value: float) -> None:
    broken = weights()
    broken["0.weight"][2, 1] = value
    with pytest.raises(graphgen.GraphError, match=r"0.weight: 1 values.*\[2, 1\]"):
        graphgen.unit_scores(NET, broken)
    with pytest.raises(graphgen.GraphError, match=r"gradients.*\n  0.weight: 1 values"):
        graphgen.unit_scores(NET, weights(), gradients=broken)
