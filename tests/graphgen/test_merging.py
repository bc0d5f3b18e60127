"""Networks in one frame, and one network of them: functions stay, and copies are found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import graphgen
import spec
from graphgen.merging.arrangement import Arrangement, Frame
from graphgen.merging.folding import foldable
from graphgen.merging.linear import sides
from graphgen.merging.renormalise import affine_layers, moments
from graphgen.testing import random_inputs, random_weights
from metanet.evaluate import reset_statistics

Arrays = dict[str, Any]

NETS = ("mlp", "cnn", "resnet", "lstm_classifier", "mixer", "vit", "gpt2", "llama", "bert", "lora")
MIXED = ("vit", "gpt2", "llama", "bert", "lora")
GPT = """
inputs: {tokens: [6]}
layers:
  - embedding: {num_embeddings: 9, embedding_dim: 8, name: table}
  - residual: {body: [layer_norm, {multihead_attention: {num_heads: 2, causal: true}}]}
  - residual:
      body: [layer_norm, {linear: {out_features: 12}}, gelu, {linear: {out_features: 8}}]
  - layer_norm
  - linear: {out_features: 9}
"""


def network(name: str, seed: int = 0) -> tuple[spec.Architecture, Arrays, tuple[Any, ...]]:
    net = spec.loads(GPT) if name == "gpt" else spec.load(name)
    rng = np.random.default_rng(seed)
    return net, random_weights(net, rng), random_inputs(net, np.random.default_rng(7), 8)


def distance(net: spec.Architecture, a: Arrays, b: Arrays) -> float:
    return float(np.sqrt(sum(np.square(a[n] - b[n]).sum() for n in net.parameters)))


def change(net: spec.Architecture, a: Arrays, b: Arrays, inputs: tuple[Any, ...]) -> float:
    one, other = (graphgen.evaluate(net, w, *inputs) for w in (a, b))
    return float(np.abs(one - other).max() / np.abs(one).max())


def mixed(frame: Frame, rng: np.random.Generator) -> Arrangement:
    """Mix all that may be mixed, by matrices at random."""
    found = Arrangement(frame)
    for family in frame.families:
        if family.name not in frame.mixing:
            continue
        _, orthogonal, centred, turned = frame.mixing[family.name]
        matrices = rng.standard_normal((*family.copies, family.size, family.size))
        matrices += 2 * np.eye(family.size)
        if orthogonal:
            matrices = np.linalg.qr(matrices)[0]
        if centred:
            inner = np.linalg.qr(rng.standard_normal((family.size - 1,) * 2))[0]
            rest = np.linalg.svd(np.ones((family.size, 1)))[0][:, 1:]
            matrices = rest @ inner @ rest.T + 1 / family.size
        if turned is not None:
            drawn = turned.group.sample(rng, int(np.prod(family.copies)))
            matrices = drawn.reshape(matrices.shape)
        found.mix(family, matrices)
    return found


@pytest.mark.parametrize("name", MIXED)
def test_what_is_linear_may_be_mixed_and_the_function_stays(name: str) -> None:
    net, weights, inputs = network(name)
    frame = Frame(graphgen.units(net))
    moved = mixed(frame, np.random.default_rng(1)).apply(weights)
    assert distance(net, weights, moved) > 1
    assert change(net, weights, moved, inputs) < 1e-9


def test_what_is_linear_is_told_from_what_is_not() -> None:
    names = {name: [*sides(graphgen.units(name))] for name in NETS}
    assert [name for name, found in names.items() if found] == [*MIXED]
    kinds = {found.rpartition("/")[2] for name in ("vit", "gpt2", "bert") for found in names[name]}
    assert kinds == {"key dimension", "value dimension"}
    # Rotary positions turn queries and keys.
    assert {found.rpartition("/")[2] for found in names["llama"]} == {"value dimension"}
    assert any("neuron" in found for found in names["lora"])  # the rank of an adapter


def test_mixing_what_is_not_linear_changes_the_function() -> None:
    net, weights, inputs = network("vit")
    frame = Frame(graphgen.units(net))
    family = next(f for f in frame.families if f.kind == "neuron")
    key = next(f for f in frame.families if f.kind == "key dimension")
    frame.mixing[family.name] = frame.mixing[key.name]._replace(views=frame.views[family.name])
    wrong = Arrangement(frame)
    wrong.mix(family, np.linalg.qr(np.random.default_rng(0).standard_normal((family.size,) * 2))[0])
    assert change(net, weights, wrong.apply(weights), inputs) > 1e-3
    # The sides of a product are each other's inverse: both alike is another function.
    twice = Arrangement(frame)
    twice.mix(key, np.broadcast_to(2 * np.eye(key.size), (*key.copies, key.size, key.size)))
    assert change(net, weights, twice.apply(weights), inputs) < 1e-9
    views = [view.__class__(**{**vars(view), "sign": 1}) for view in frame.mixing[key.name].views]
    frame.mixing[key.name] = frame.mixing[key.name]._replace(views=views)
    assert change(net, weights, twice.apply(weights), inputs) > 1e-3


@pytest.mark.parametrize("name", NETS)
def test_a_permuted_copy_is_found(name: str) -> None:
    net, a, _ = network(name)
    b = graphgen.symmetries(net).sample(np.random.default_rng(3)).apply(a)
    found = graphgen.align(net, [a, b], maps=None)
    back = found.networks()[1]
    assert all(np.array_equal(back[name], a[name]) for name in a)
    assert all(np.array_equal(back[n], array) for n, array in found[1].apply(b).items())
    assert distance(net, a, b) > 1


@pytest.mark.parametrize("name", MIXED)
def test_a_rotated_copy_is_found_and_not_by_permutations(name: str) -> None:
    net, a, _ = network(name)
    frame = Frame(graphgen.units(net))
    rng = np.random.default_rng(5)
    turned = Arrangement(frame)
    for family in frame.families:
        if family.name in frame.mixing:
            own = rng.standard_normal((*family.copies, family.size, family.size))
            own = np.linalg.qr(own)[0]
            if family.name in frame.turned:  # by angles, one of each pair
                group = frame.turned[family.name].group
                angles = rng.uniform(0, 6, (int(np.prod(family.copies)), family.size // 2))
                own = group.turning(np.exp(1j * angles)).reshape(own.shape)
            turned.mix(family, own)
    b = graphgen.symmetries(net).sample(rng).apply(turned.apply(a))
    assert distance(net, a, graphgen.align(net, [a, b]).networks()[1]) < 1e-9
    assert distance(net, a, graphgen.align(net, [a, b], maps=None).networks()[1]) > 0.1


def test_invertible_maps_come_closer_than_rotations() -> None:
    net, a, inputs = network("vit")
    b = network("vit", 1)[1]
    far = {}
    for maps in (None, "orthogonal", "invertible"):
        back = graphgen.align(net, [a, b], maps=maps).networks()[1]
        assert change(net, b, back, inputs) < 1e-9
        far[maps] = distance(net, a, back)
    assert far["invertible"] < far["orthogonal"] < far[None] < distance(net, a, b)


@pytest.mark.parametrize("name", ["gpt", "llama", "vit"])
def test_streams_are_rotated(name: str) -> None:
    net, a, inputs = network(name)
    assert foldable(net)
    folded = graphgen.fold_norms(net, a)
    assert change(net, a, folded, inputs) < 1e-9
    gains = [norm.gain for norm in foldable(net) if norm.gain]
    assert all((folded[gain] == 1).all() and not (a[gain] == 1).any() for gain in gains)
    frame = Frame(graphgen.units(net), folded=True)
    streams = [f for f, own in frame.mixing.items() if own.orthogonal]
    assert len(streams) == 1
    turned = mixed(frame, np.random.default_rng(2))
    assert change(net, a, turned.apply(a), inputs) < 1e-9
    b = random_weights(net, np.random.default_rng(9))
    back = graphgen.align(net, [a, b], streams=True).networks()
    assert change(net, b, back[1], inputs) < 1e-9
    plain = graphgen.align(net, [folded, graphgen.fold_norms(net, b)]).networks()
    assert distance(net, *back) < distance(net, *plain)


def test_a_stream_is_not_rotated_where_a_norm_keeps_its_gain() -> None:
    net, weights, inputs = network("gpt2")  # whose last layer has the table of words as its matrix
    left = {o.parameters[0] for o in net.operations if "ln_f" in o.layer and o.parameters}
    assert left
    assert not left & {norm.gain for norm in foldable(net)} - {None}
    assert change(net, weights, graphgen.fold_norms(net, weights), inputs) < 1e-9
    assert not any(
        own.orthogonal for own in Frame(graphgen.units(net), folded=True).mixing.values()
    )


def test_many_networks_have_one_frame() -> None:
    net, a, inputs = network("resnet")
    rng, group = np.random.default_rng(0), graphgen.symmetries(net)
    copies = [group.sample(rng).apply(a) for _ in range(3)]
    found = graphgen.align(net, [a, *copies])
    assert len(found) == 4
    for own in found.networks():
        assert all(np.array_equal(own[name], a[name]) for name in a)
    others = [random_weights(net, np.random.default_rng(s)) for s in range(4)]
    universe = graphgen.align(net, others)
    moved = universe.networks()
    for own, before, arrangement in zip(moved, others, universe, strict=True):
        assert change(net, before, own, inputs) < 1e-12
        assert all(np.array_equal(own[n], x) for n, x in arrangement.apply(before).items())
    pairs = [(i, j) for i in range(4) for j in range(i)]
    total = sum(distance(net, moved[i], moved[j]) ** 2 for i, j in pairs)
    assert total < 0.95 * sum(distance(net, others[i], others[j]) ** 2 for i, j in pairs)
    # Each to the first alone is not as close to one another.
    first = [others[0], *(graphgen.align(net, [others[0], o]).networks()[1] for o in others[1:])]
    assert total < sum(distance(net, first[i], first[j]) ** 2 for i, j in pairs)


@pytest.mark.parametrize("name", ["mlp", "resnet", "vit", "gpt2"])
def test_a_copy_is_found_by_activations(name: str) -> None:
    net, a, inputs = network(name)
    b = graphgen.symmetries(net).sample(np.random.default_rng(4)).apply(a)
    seen = [graphgen.activations(net, weights, inputs) for weights in (a, b)]
    back = graphgen.align(net, [a, b], activations=seen).networks()[1]
    assert distance(net, a, back) < 1e-9 < distance(net, a, b)
    noise = [{n: np.random.default_rng(0).standard_normal(x.shape) for n, x in seen[0].items()}]
    wrong = graphgen.align(net, [a, b], activations=[seen[0], *noise]).networks()[1]
    assert change(net, b, wrong, inputs) < 1e-9 < distance(net, a, wrong)


def test_activations_are_those_of_the_computation() -> None:
    net, weights, inputs = network("mlp")
    (output,) = net.outputs
    seen = graphgen.activations(net, weights, inputs, [output])
    assert np.array_equal(seen[output], graphgen.evaluate(net, weights, *inputs))
    with pytest.raises(graphgen.GraphError, match="has no value a str, 'nothing'"):
        graphgen.activations(net, weights, inputs, ["nothing"])


def test_means_arcs_and_tasks_are_what_their_formulas_say() -> None:
    net, a, _ = network("mlp")
    b, c = network("mlp", 1)[1], network("mlp", 2)[1]
    for name in a:
        mean = graphgen.average([a, b, c], [1, 2, 1])[name]
        assert np.allclose(mean, (a[name] + 2 * b[name] + c[name]) / 4, rtol=1e-12)
        task = graphgen.task_arithmetic(a, [b, c], [0.5, -1])[name]
        assert np.allclose(task, a[name] + 0.5 * (b[name] - a[name]) - (c[name] - a[name]))
        arc = graphgen.slerp(a, b, 0.25)[name]
        u, v = a[name].ravel(), b[name].ravel()
        w = np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v))
        expected = (np.sin(0.75 * w) * u + np.sin(0.25 * w) * v) / np.sin(w)
        assert np.allclose(arc.ravel(), expected, rtol=1e-12)
    ends = graphgen.slerp(a, b, 0), graphgen.slerp(a, b, 1)
    assert distance(net, ends[0], a) < 1e-12 > distance(net, ends[1], b)
    # A straight line is shorter in the middle than its ends.
    line, arc = graphgen.average([a, b]), graphgen.slerp(a, b, 0.5)
    for name in net.parameters:
        assert np.linalg.norm(line[name]) < np.linalg.norm(arc[name])
    same = graphgen.slerp(a, {n: 2 * x for n, x in a.items()}, 0.5)  # no arc between these
    assert all(np.allclose(same[name], 1.5 * a[name]) for name in a)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: graphgen.average([a, a], [1, -1]), "have the sum 0"),
        (lambda a: graphgen.average([a, a], [1]), "expected 2 finite numbers"),
        (lambda a: graphgen.average([a, a], [1, float("nan")]), r"`shares` is \[1, nan\]"),
        (lambda a: graphgen.average([a, {}]), "only in"),
        (lambda a: graphgen.average([]), "is an empty list; expected one"),
        (lambda a: graphgen.renormalise("mlp", a, [np.zeros((0, 8))]), "has no samples"),
        (lambda a: graphgen.align("mlp", [a]), "expected two or more"),
        (lambda a: graphgen.align("mlp", [a, a], maps="any"), "'orthogonal', 'invertible'"),
        (lambda a: graphgen.align("mlp", [a, a], activations=[{}, {}]), "expected arrays by"),
        (lambda a: graphgen.align("mlp", [a, network("cnn")[1]]), r"networks\[1\]"),
    ],
)
def test_what_is_wrong_is_told(call: Any, message: str) -> None:
    with pytest.raises(graphgen.GraphError, match=message):
        call(network("mlp")[1])


@pytest.mark.parametrize("name", ["mlp", "vit", "gpt2"])
def test_statistics_of_a_merged_network_are_the_mean_of_its_ends(name: str) -> None:
    net, a, inputs = network(name)
    b = network(name, 1)[1]
    same = graphgen.renormalise(net, a, inputs, [a, a])
    assert change(net, a, same, inputs) < 1e-9
    middle = graphgen.average([a, b], [1, 3])
    repaired = graphgen.renormalise(net, middle, inputs, [a, b], [1, 3])
    layers = affine_layers(net)
    assert layers
    names = [own.value for own in layers]
    seen = [graphgen.activations(net, w, inputs, names) for w in (a, b, repaired, middle)]
    for own in layers:
        one, other, got, before = (moments(x[own.value], own.axis) for x in seen)
        for k in (0, 1):
            wanted = (one[k] + 3 * other[k]) / 4
            assert np.allclose(got[k], wanted, atol=1e-9)
        # Deviations shrink in the middle; the first means are linear in weights.
        assert not np.allclose(before[1], wanted, atol=1e-3)


def test_running_statistics_are_those_that_torch_measures() -> None:
    net, weights, inputs = network("resnet")
    found = graphgen.renormalise(net, weights, inputs)
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}
    expected = reset_statistics(net, tensors, [tuple(map(torch.from_numpy, inputs))])
    for name in net.buffers:
        if "running" in name:
            assert np.allclose(found[name], expected[name].numpy(), rtol=1e-2, atol=1e-2), name
            assert not np.allclose(found[name], weights[name])
    assert all(np.array_equal(found[name], weights[name]) for name in net.parameters)
