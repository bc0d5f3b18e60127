"""What rotary positions turn, in one frame: angles, and sizes, of pairs are found again."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.families.linear_maps import LinearMaps
from graphgen.merging.procrustes import scaled
from graphgen.testing import random_inputs, random_weights

Arrays = dict[str, Any]
NET = """
inputs: {{tokens: [5]}}
layers:
  - embedding: {{num_embeddings: 9, embedding_dim: 8, name: table}}
  - residual:
      body: [rms_norm, {{multihead_attention: {{num_heads: 4, num_kv_heads: {groups}, causal: true,
             head_dim: 6, rotary: 100, rotary_size: {part}, rotary_interleaved: {interleaved}}}}}]
  - linear: {{out_features: 9}}
"""


def turning(net: spec.Architecture) -> list[LinearMaps]:
    families = graphgen.symmetry_families(net)
    return [f for f in families if isinstance(f, LinearMaps) and f.kind == "rotary maps"]


def turned(
    net: spec.Architecture, weights: Arrays, rng: np.random.Generator, sizes: bool
) -> Arrays:
    """Turn all pairs by angles at random, and scale them if asked to."""
    for family in turning(net):
        if sizes:
            weights = family.sample(rng).apply(weights)
            continue
        angles = rng.uniform(0, 2 * np.pi, (family.copies, family.group.size // 2))
        maps = family.group.turning(np.exp(1j * angles))
        weights = family.element(maps).apply(weights)
    return weights


def distance(net: spec.Architecture, a: Arrays, b: Arrays) -> float:
    return float(np.sqrt(sum(np.square(a[n] - b[n]).sum() for n in net.parameters)))


def change(net: spec.Architecture, a: Arrays, b: Arrays) -> float:
    x = random_inputs(net, np.random.default_rng(7), 4)
    one, other = graphgen.evaluate(net, a, *x), graphgen.evaluate(net, b, *x)
    if not isinstance(one, tuple):
        one, other = (one,), (other,)
    pairs = zip(one, other, strict=True)
    return max(float(np.abs(p - q).max() / max(np.abs(p).max(), 1e-300)) for p, q in pairs)


@pytest.mark.parametrize("permuted", [False, True])
def test_turned_pairs_are_found_again(permuted: bool) -> None:
    net, rng = spec.load("llama"), np.random.default_rng(1)
    a = random_weights(net, rng)
    group = graphgen.symmetries(net).sample(rng)
    for sizes in (False, True):
        b = turned(net, a, rng, sizes)
        b = group.apply(b) if permuted else b
        far = {}
        for maps in (None, "orthogonal", "invertible"):
            found = graphgen.align(net, [a, b], maps).networks()[1]
            assert change(net, b, found) < 1e-12
            far[maps] = distance(net, a, found)
        assert far["invertible"] < 1e-6 < 1 < far[None]
        assert far["orthogonal"] < 1e-10 if not sizes else 1 < far["orthogonal"] < far[None]


def test_strangers_come_closer_than_by_permutations() -> None:
    net = spec.load("llama")
    for seed in range(3):
        a, b = (random_weights(net, np.random.default_rng(2 * seed + k)) for k in range(2))
        far = []
        for maps in (None, "orthogonal", "invertible"):
            found = graphgen.align(net, [a, b], maps)
            assert change(net, b, found.networks()[1]) < 1e-12
            assert change(net, b, found[1].apply(b)) < 1e-12
            far.append(distance(net, a, found.networks()[1]))
        assert far[2] < far[1] < far[0]


def test_what_is_turned_is_read_off_the_axes() -> None:
    net = spec.load("llama")
    frame = graphgen.align(net, [random_weights(net, np.random.default_rng(0))] * 2)[0].frame
    assert {own.family.copies for own in frame.turned.values()} == {(2,)}  # key-value groups
    assert len(frame.turned) == len(turning(net))
    plain = spec.load("gpt2")
    weights = random_weights(plain, np.random.default_rng(0))
    assert not graphgen.align(plain, [weights] * 2)[0].frame.turned


def test_a_matrix_that_does_not_commute_changes_the_function() -> None:
    net, rng = spec.load("llama"), np.random.default_rng(2)
    a = random_weights(net, rng)
    (family, *_) = turning(net)
    orthogonal = np.linalg.qr(rng.standard_normal((family.copies, *[family.group.size] * 2)))[0]
    assert change(net, a, family.element(orthogonal).apply(a)) > 1e-3


def test_a_pair_lies_as_close_as_any_factor_puts_it() -> None:
    rng = np.random.default_rng(3)
    y, v, x, u = (rng.standard_normal((1, 2, 3)) for _ in range(4))
    (z,) = scaled((y, v), (x, u), np.array([[0, 1]])).reshape(-1)

    def far(z: complex) -> float:
        as_numbers = [own[0, 0] + 1j * own[0, 1] for own in (y, v, x, u)]
        a, b, c, d = as_numbers
        return float(
            np.square(np.abs(z * c - a)).sum() + np.square(np.abs(d / np.conj(z) - b)).sum()
        )

    tried = np.exp(rng.uniform(-2, 2, 20_000) + 1j * rng.uniform(0, 2 * np.pi, 20_000))
    assert far(z) <= min(far(other) for other in tried) + 1e-9
    assert far(z) < far(1.05 * z)


@pytest.mark.parametrize("seed", range(5))
def test_attentions_of_any_kind_stay_and_come_close(seed: int) -> None:
    draw = Random(seed)
    interleaved, part = draw.choice(["true", "false"]), draw.choice([4, 6])
    text = NET.format(groups=draw.choice([1, 2, 4]), part=part, interleaved=interleaved)
    net, rng = spec.loads(text), np.random.default_rng(seed)
    a = random_weights(net, rng)
    b = turned(net, a, rng, seed % 2 > 0)
    assert change(net, a, b) < 1e-10
    found = graphgen.align(net, [a, b], "invertible").networks()[1]
    assert change(net, b, found) < 1e-10
    assert distance(net, a, found) < 1e-6 < distance(net, a, b)
