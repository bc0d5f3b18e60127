from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from oracles.imported_modules import imported, made_random
from oracles.masked import masked_outputs
from oracles.popular_attentive import ATTENTIVE, numbers
from oracles.popular_convolutional import CONVOLUTIONAL

import graphgen
import spec
from graphgen.surgery.prune import prune
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.units.derivation import Unit, Units, units
from graphgen.units.families import Family
from spec.testing import description

NETS = sorted(path.stem for path in Path(spec.__file__).parent.glob("nets/*.yaml"))
IMPORTED = {
    **{name: (make, (numbers(*shape),)) for name, (make, shape) in CONVOLUTIONAL.items()},
    **ATTENTIVE,
}
SHORT = ("gpt",)
ALL = pytest.param(1_000, marks=pytest.mark.long)


def outputs(net, weights, x):
    """Run a network, and give its outputs in a tuple."""
    found = graphgen.evaluate(net, weights, *x)
    return found if isinstance(found, tuple) else (found,)


def drawn(family: Family, rng: np.random.Generator, count: int) -> list[Unit]:
    """Draw as many units in each copy of a family."""
    return [
        family[(*copy, int(item))]
        for copy in np.ndindex(*family.copies)
        for item in rng.permutation(family.size)[:count]
    ]


def together(found: Units, family: Family) -> list[Family]:
    """List families that one layer counts by one number: those of one size that it names."""
    layer = family.name.split("/")[0]
    return [f for f in found.families.values() if f.name.startswith(layer + "/")
            and (f.size, f.copies) == (family.size, family.copies)]  # fmt: skip


def check(net: spec.Architecture, rng: np.random.Generator, most: int = 1_000) -> set[str]:
    """Prune family by family, or with those of its layer, and compare with what is masked."""
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    found, refused = units(net), set()
    families = [*found.families.values()]
    for family in [families[k] for k in rng.permutation(len(families))[:most]]:
        count = int(rng.integers(1, family.size))
        gone = drawn(family, rng, count)
        try:
            smaller, left = prune(net, weights, gone)
        except graphgen.GraphError as error:
            assert "cannot say what it is" in str(error)  # noqa: PT017
            gone = [u for f in together(found, family) for u in drawn(f, rng, count)]
            try:
                smaller, left = prune(net, weights, gone)
            except graphgen.GraphError:
                refused.add(family.name)
                continue
        with np.errstate(all="ignore"):
            actual = outputs(smaller, left, x)
            expected = masked_outputs(net, weights, x, gone)
        for a, b in zip(actual, expected, strict=True):
            assert not np.isfinite(b).all() or relative_error(a, b) < 1e-12, family
    return refused


@pytest.mark.parametrize("most", [4, ALL])
@pytest.mark.parametrize("name", NETS)
def test_pruned_is_masked(name: str, most: int) -> None:
    net = spec.load(Path(spec.__file__).parent / "nets" / f"{name}.yaml")
    refused = check(net, np.random.default_rng(0), most)
    # Rotary positions keep the dimensions of queries and keys, and so those of values.
    assert all(name == "llama" and "value dimension" in family for family in refused)


@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(12, 100))]
)
def test_pruned_is_masked_in_random_networks(seed: int) -> None:
    check(spec.loads(description(Random(seed))), np.random.default_rng(seed))


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.long)
             for name in IMPORTED],
)  # fmt: skip
def test_pruned_is_masked_in_imported_networks(name: str) -> None:
    make, inputs = IMPORTED[name]
    check(imported(made_random(make()), *inputs).net, np.random.default_rng(0), most=3)


def example(name: str) -> tuple[spec.Architecture, dict[str, np.ndarray], Sequence[np.ndarray]]:
    net = graphgen.sources.architecture_from(name)
    rng = np.random.default_rng(0)
    return net, random_weights(net, rng), random_inputs(net, rng)


def test_other_units_give_another_function() -> None:
    net, weights, x = example("resnet")
    family = units(net)["conv1/channel"]
    actual = outputs(*prune(net, weights, [family[0], family[1]]), x)
    expected = masked_outputs(net, weights, x, [family[0], family[2]])
    assert max(map(relative_error, actual, expected)) > 1e-3


def test_what_is_left_is_in_the_language_and_smaller() -> None:
    net, weights, x = example("resnet")
    found = units(net)
    gone = [family[k] for family in found.families.values() for k in (0, 2)]
    smaller, left = prune(net, weights, gone)
    assert {name: array.shape for name, array in left.items()} == {
        name: tensor.shape for name, tensor in smaller.tensors.items()
    }
    assert spec.from_resolved(smaller.resolved()).hash == smaller.hash
    assert units(smaller)["conv1/channel"].size == found["conv1/channel"].size - 2
    expected = masked_outputs(net, weights, x, gone)
    assert max(map(relative_error, outputs(smaller, left, x), expected)) < 1e-12


def test_heads_and_what_is_inside_of_others() -> None:
    net, weights, x = example("llama")
    found = units(net)
    group = found["model.layers.0.self_attn/key-value group"]
    queries = found["model.layers.0.self_attn/query head"]
    for gone in ([queries[0, 1], queries[1, 0]], [group[1], queries[0, 1]]):
        smaller, left = prune(net, weights, gone)
        expected = masked_outputs(net, weights, x, gone)
        assert max(map(relative_error, outputs(smaller, left, x), expected)) < 1e-12
    layer = next(each for each in smaller.layers if each.name == "model.layers.0.self_attn")
    assert (layer.fields["num_heads"], layer.fields["num_kv_heads"]) == (1, 1)


def test_where_every_slice_is_a_weight_it_is_the_network_with_zeros() -> None:
    net, weights, x = example("mobilenet")
    for family in units(net).families.values():
        gone = drawn(family, np.random.default_rng(1), 2)
        zeros = {name: array.copy() for name, array in weights.items()}
        for own in (own for unit in gone for own in unit.slices):
            if net.tensors[own.tensor].trainable:
                zeros[own.tensor][own.index] = 0
        actual = outputs(*prune(net, weights, gone), x)
        assert max(map(relative_error, actual, outputs(net, zeros, x))) < 1e-12


def test_refusals() -> None:
    net, weights, _ = example("llama")
    found = units(net)
    queries = found["model.layers.0.self_attn/query head"]
    mlp = found["model.layers.0.mlp/neuron"]
    with pytest.raises(graphgen.GraphError, match=r"as many units go from each of its 2 copies"):
        prune(net, weights, [queries[0, 1]])
    with pytest.raises(graphgen.GraphError, match=r"mlp/neuron: one of its 12 units stays"):
        prune(net, weights, list(mlp))
    with pytest.raises(graphgen.GraphError, match="is a unit of another network than 'llama"):
        prune(net, weights, [units("mlp")["1/neuron"][0]])
    with pytest.raises(graphgen.GraphError, match="`units` is a str, 'x'; expected a Unit"):
        prune(net, weights, ["x"])
    net, weights, _ = example("gpt2")
    keys = units(net)["h.0.attn/key dimension"]
    with pytest.raises(graphgen.GraphError, match="as many of h.0.attn/value dimension with them"):
        prune(net, weights, [keys[0, 1], keys[1, 2]])
