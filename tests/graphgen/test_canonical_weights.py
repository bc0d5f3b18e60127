from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import graphgen
import spec
from graphgen.canonicalization.form import Canonicalizer
from graphgen.canonicalization.probes import normal, probes, signs, uniform
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.testing.symmetric import outputs

NETS = sorted(path.stem for path in Path(spec.__file__).parent.glob("nets/*.yaml"))
QUICK = ("cnn", "llama", "siren", "lora", "mixer")
NARROW = """
inputs: {x: [2]}
layers: [linear: {out_features: 5, bias: false, name: a}, linear: {out_features: 3, name: b}]
"""
CHAIN = "inputs: {x: [3]}\nlayers: [linear: {out_features: 4}, relu, linear: {out_features: 2}]"
Arrays = dict[str, NDArray[np.generic]]


def moved(net: spec.Architecture, weights: Arrays, rng: np.random.Generator) -> Arrays:
    """Apply an element of each family, in a random order."""
    families = graphgen.symmetry_families(net)
    for k in rng.permutation(len(families)):
        weights = families[k].sample(rng).apply(weights)
    return weights


def check(name: str, count: int, step: int = 1) -> None:
    net = spec.load(name)
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    canonicalizer = Canonicalizer(net)
    form = canonicalizer.form(weights)
    assert not form.undecided
    expected = outputs(net, weights, x)
    assert relative_error(outputs(net, form.weights, x), expected) < 1e-10
    for _ in range(count):
        other = canonicalizer.form(moved(net, weights, rng), check=False)
        assert other.hash == form.hash
        assert form.distance(other) < 1e-7
    for tensor in [t for t in net.tensors.values() if t.trainable][::step]:
        changed = dict(weights)
        noise = rng.standard_normal(tensor.shape) * weights[tensor.name].std()
        changed[tensor.name] = weights[tensor.name] + 1e-2 * noise
        if relative_error(outputs(net, changed, x), expected) > 1e-6:
            assert canonicalizer.form(changed, check=False).hash != form.hash, tensor.name


@pytest.mark.parametrize("name", QUICK)
def test_what_symmetries_make_of_a_network_has_one_form(name: str) -> None:
    check(name, 2, 5)


@pytest.mark.long
@pytest.mark.parametrize("name", NETS)
def test_a_thousand_elements_have_one_hash(name: str) -> None:
    check(name, 1000)


def test_a_form_is_its_own_form() -> None:
    net = spec.load("gpt2")
    form = graphgen.canonical(net, random_weights(net, np.random.default_rng(0)))
    again = graphgen.canonical(net, dict(form.weights))
    assert form.distance(again) < 1e-10
    assert again.hash == form.hash
    assert form.hash[:12] in repr(form)
    assert 0 <= form.margin <= 0.5


def test_coarser_weights_have_a_form_too() -> None:
    net = spec.load("llama")
    rng = np.random.default_rng(0)
    weights = random_weights(net, rng, np.float32)
    form = graphgen.canonical(net, weights)
    other = graphgen.canonical(net, moved(net, weights, rng))
    assert form.resolution > 1e-4
    assert form.distance(other) < 1e-4
    assert form.hash == other.hash


@pytest.mark.parametrize("factor", [2.0, -1.0, 1e-300])
def test_a_multiple_of_a_network_is_another(factor: float) -> None:
    net = spec.loads("inputs: {x: [3]}\nlayers: [linear: {out_features: 2}]")
    weights = random_weights(net, np.random.default_rng(0))
    other = {name: factor * array for name, array in weights.items()}
    zeros = {name: 0 * array for name, array in weights.items()}
    forms = [graphgen.canonical(net, each) for each in (weights, other, zeros)]
    assert len({form.hash for form in forms}) == 3


def test_what_cannot_be_decided_is_said() -> None:
    net = spec.loads(NARROW)
    form = graphgen.canonical(net, random_weights(net, np.random.default_rng(0)))
    assert form.undecided == ("a: it has fewer dimensions than it could",)
    assert "undecided" in repr(form)
    with pytest.raises(graphgen.GraphError, match=r"not decided.*graphgen\.match"):
        _ = form.hash


def test_equal_neurons_are_no_tie() -> None:
    net = spec.loads(CHAIN)
    weights = random_weights(net, np.random.default_rng(0))
    for name, axis in (("0.weight", 0), ("0.bias", 0), ("2.weight", 1)):
        array = np.moveaxis(weights[name], axis, 0)
        array[1] = array[0]
    form = graphgen.canonical(net, weights)
    assert not form.undecided
    weights["2.weight"][:, 1] *= 2  # one function in front, and another behind
    apart = graphgen.canonical(net, weights)
    swapped = dict(weights)
    swapped["2.weight"] = weights["2.weight"][:, [1, 0, 2, 3]]
    assert apart.hash != form.hash
    assert graphgen.canonical(net, swapped).hash == apart.hash


def test_a_form_that_does_not_hold_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    net = spec.loads(CHAIN)
    weights = random_weights(net, np.random.default_rng(0))
    canonicalizer = Canonicalizer(net)
    monkeypatch.setattr(canonicalizer.order, "put", lambda now, values: (now, 1.0, []))
    assert canonicalizer.form(weights, check=False).undecided == ()
    assert "another form" in canonicalizer.form(weights).undecided[0]


def test_near_a_boundary_the_form_says_so() -> None:
    net = spec.loads(CHAIN)
    form = graphgen.canonical(net, random_weights(net, np.random.default_rng(0)))
    first = form.numbers[0]
    near = replace(form, resolution=form.resolution * first / (np.floor(first) + 0.5 + 1e-6))
    assert near.margin < 1e-4
    assert "near a boundary" in repr(near)


def test_forms_of_other_architectures_are_not_compared() -> None:
    one, two = (spec.loads(CHAIN), spec.loads(NARROW))
    forms = [graphgen.canonical(n, random_weights(n, np.random.default_rng(0))) for n in (one, two)]
    with pytest.raises(graphgen.GraphError, match="`other`"):
        forms[0].distance(forms[1])
    weights = random_weights(one, np.random.default_rng(0))
    weights["0.bias"][0] = np.nan
    with pytest.raises(graphgen.GraphError, match="finite"):
        graphgen.canonical(one, weights)


def test_fixed_numbers_stay() -> None:
    assert uniform("a", 2).tolist() == uniform("a", 3)[:2].tolist()
    assert abs(normal("b", 10_000).mean()) < 0.05
    assert abs(normal("b", 10_000).std() - 1) < 0.05
    assert set(signs("c", 100)) == {1.0, -1.0}
    (tokens,) = probes(spec.load("gpt2"), 4)
    assert tokens.dtype == np.int64
    assert tokens.shape == (4, 6)
