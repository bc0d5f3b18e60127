"""Networks of unequal widths in one frame: functions stay, and units that are there are found."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.merging.widths import Embedding, Lazy
from graphgen.testing import random_inputs, random_weights
from spec.testing import description

Arrays = dict[str, Any]

WIDER = {
    "mlp": {"width": 40},
    "cnn": {"width": 12},
    "residual_cnn": {"width": 12},
    "lstm_classifier": {"width": 12},
    "vit": {"heads": 4, "hidden": 20},
    "gpt2": {"heads": 4},
    "llama": {"heads": 8, "kv_heads": 4, "width": 32, "hidden": 20},
}
PRUNED = ("mlp", "cnn", "residual_cnn", "vit", "gpt2", "lstm_classifier")


def network(net: spec.Architecture, seed: int) -> Arrays:
    return random_weights(net, np.random.default_rng(seed))


def change(
    net: spec.Architecture, weights: Arrays, other: spec.Architecture, found: Arrays
) -> float:
    """Say how far apart two networks' outputs are, relative to the largest."""
    x = random_inputs(net, np.random.default_rng(7), 4)
    one, two = graphgen.evaluate(net, weights, *x), graphgen.evaluate(other, found, *x)
    if not isinstance(one, tuple):
        one, two = (one,), (two,)
    return max(
        float(np.abs(a - b).max() / max(np.abs(a).max(), 1e-300))
        for a, b in zip(one, two, strict=True)
    )


def pruned(
    net: spec.Architecture, weights: Arrays, rng: np.random.Generator
) -> tuple[spec.Architecture, Arrays, Arrays]:
    """Leave some units of each family out that can go alone; give what is masked too."""
    masked = {name: array.copy() for name, array in weights.items()}
    for name, family in graphgen.units(net).families.items():
        now = graphgen.units(net)
        if family.together or family.copies or name not in now.families or family.size < 3:
            continue
        gone = [int(k) for k in rng.permutation(family.size)[: family.size // 3]]
        try:
            net, weights = graphgen.prune(net, weights, [now[name][k] for k in gone])
        except graphgen.GraphError:
            continue
        for k in gone:
            for part in family[k].slices:
                masked[part.tensor][part.index] = 0
    return net, weights, masked


@pytest.mark.parametrize("name", WIDER)
@pytest.mark.parametrize("first", [0, 1])
def test_each_network_computes_in_the_frame_what_it_did(name: str, first: int) -> None:
    nets = [spec.load(name), spec.load(name, **WIDER[name])]
    nets = [nets[first], nets[1 - first], nets[0]]
    weights = [network(net, k) for k, net in enumerate(nets)]
    found = graphgen.align(nets, weights, "invertible")
    for net, own, there, put in zip(nets, weights, found.networks(), found, strict=True):
        assert change(net, own, found.net, there) < 1e-12
        applied = put.apply(own)
        assert all(np.array_equal(applied[key], there[key]) for key in there)
    middle = graphgen.average(found.networks())
    assert {key: array.shape for key, array in middle.items()} == {
        key: tensor.shape for key, tensor in found.net.tensors.items()
    }
    assert change(nets[0], weights[0], found.net, middle) > 1e-3


@pytest.mark.parametrize("name", PRUNED)
def test_a_pruned_copy_is_put_on_its_original(name: str) -> None:
    net, rng = (
        spec.load(name, **({"hidden": 48} if name == "vit" else {})),
        np.random.default_rng(3),
    )
    a = network(net, 0)
    less, b, masked = pruned(net, a, rng)
    assert less.hash != net.hash
    moved = graphgen.symmetries(less).sample(rng).apply(b)
    b = {k: w + 1e-4 * rng.standard_normal(w.shape) if k in net.parameters else w
         for k, w in moved.items()}  # fmt: skip
    found = graphgen.align([net, less], [a, b], maps=None).networks()[1]
    far = max(float(np.abs(found[key] - masked[key]).max()) for key in net.parameters)
    assert far < 1e-3
    plain = Embedding(graphgen.units(net), less, "net[1]").lifted(b)
    assert max(float(np.abs(plain[key] - masked[key]).max()) for key in net.parameters) > 0.1


def test_activations_align_unequal_widths() -> None:
    net, rng = spec.load("mlp"), np.random.default_rng(5)
    a = network(net, 0)
    less, b, masked = pruned(net, a, rng)
    b = graphgen.symmetries(less).sample(rng).apply(b)
    x = random_inputs(net, rng, 200)
    seen = [graphgen.activations(net, a, x), graphgen.activations(less, b, x)]
    found = graphgen.align([net, less], [a, b], activations=seen)
    # Only the first hidden layer sees the same as it did: there all units are found again.
    first = next(iter(net.parameters))
    assert np.allclose(found.networks()[1][first], masked[first], atol=1e-12)
    assert change(less, b, net, found.networks()[1]) < 1e-12


def test_the_frame_is_as_wide_as_the_widest_of_each() -> None:
    nets = [spec.load("vit", hidden=24), spec.load("vit", heads=4)]
    found = graphgen.align(nets, [network(net, k) for k, net in enumerate(nets)])
    sizes = [
        {f.name: f.size for f in graphgen.units(n).families.values()} for n in (*nets, found.net)
    ]
    assert sizes[2] == {name: max(sizes[0][name], sizes[1][name]) for name in sizes[2]}


def test_streams_under_a_layer_norm_come_several_times_or_are_refused() -> None:
    nets = [spec.load("vit"), spec.load("vit", width=16)]
    weights = [network(net, k) for k, net in enumerate(nets)]
    for streams in (False, True):
        found = graphgen.align(nets, weights, streams=streams)
        assert change(nets[0], weights[0], found.net, found.networks()[0]) < 1e-9
    nets[1] = spec.load("vit", width=12)
    with pytest.raises(graphgen.GraphError, match="would count in a layer norm.*divides 12"):
        graphgen.align(nets, [weights[0], network(nets[1], 0)])


@pytest.mark.parametrize(
    ("nets", "message"),
    [
        (["mlp", "cnn"], "other layers or tensors"),
        (["mlp"], "1 architectures; expected one of 2"),
        ([("mlp", {"width": 8}), ("mlp", {"classes": 3})], "which no number of units makes"),
        ([("llama", {}), ("llama", {"heads": 8})], "which no number of units makes"),
        ([("gpt2", {}), ("gpt2", {"width": 16})], "makes these units and also reads them"),
    ],
)
def test_what_differs_in_more_is_refused(nets: list[Any], message: str) -> None:
    made = [spec.load(own) if isinstance(own, str) else spec.load(own[0], **own[1]) for own in nets]
    weights = [network(net, 0) for net in made]
    with pytest.raises(graphgen.GraphError, match=message):
        graphgen.align(made, (weights * 2)[:2])


def test_large_networks_are_lifted_a_tensor_at_a_time() -> None:
    net, less = spec.load("cnn", width=12), spec.load("cnn")
    own, weights = Embedding(graphgen.units(net), less, "net[1]"), network(less, 0)
    lazy, whole = Lazy(own, weights), own.lifted(weights)
    assert len(lazy) == len(whole)
    assert all(np.array_equal(lazy[name], whole[name]) for name in lazy)


def test_pruned_random_networks_compute_in_the_frame_what_they_did() -> None:
    refused, seen = [], 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        net = spec.loads(description(Random(seed)))
        a = random_weights(net, rng)
        less, b, _ = pruned(net, a, rng)
        if less.hash == net.hash:
            continue
        seen += 1
        try:
            found = graphgen.align([net, less], [a, b], "invertible")
        except graphgen.GraphError as error:
            refused.append(str(error))
            continue
        assert found.net.hash == net.hash
        assert change(less, b, net, found.networks()[1]) < 1e-10
    assert seen >= 12
    assert len(refused) <= 1


@pytest.mark.parametrize("wide", [8, 9])
def test_units_that_are_divided_by_come_again(wide: int) -> None:
    text = """
inputs: {x: [4]}
layers:
  - linear: {out_features: %d, parametrizations: {weight: weight_norm}}
  - relu
  - linear: {out_features: 2}
"""
    nets = [spec.loads(text % size) for size in (4, wide)]
    weights = [network(net, k) for k, net in enumerate(nets)]
    found = graphgen.align(nets, weights)
    for net, own, there in zip(nets, weights, found.networks(), strict=True):
        assert change(net, own, found.net, there) < 1e-12
