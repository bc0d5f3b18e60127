"""The map of names between two implementations of a network, judged by what both compute."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from oracles.any_network import Case, outputs
from oracles.families import FAMILIES
from oracles.implementations import MyBert, MyLlama, MyResNet
from oracles.spellings import FAMILIES as SPELLINGS
from oracles.spellings import network

import graphgen
import spec
from graphgen.importers import from_huggingface, from_torch
from graphgen.testing import random_inputs, random_weights
from spec.testing import description, neutral

Arrays = dict[str, NDArray[Any]]
MINE: dict[str, Callable[[], torch.nn.Module]] = {
    "resnet": lambda: MyResNet(4, [4, 6, 8, 10], [1, 2, 1, 1], 3),
    "bert": lambda: MyBert(24, 16, 16, 4, 12, 2),
    "llama": lambda: MyLlama(24, 16, 4, 2, 12, 2),
}
"""Written here, of the size of the family's small one, which is transformers' own code."""
UNSAID = {"bert": 4}
"""How many tensors lie in pieces of the others' tensors that no rule of the language says."""


def with_map(net: spec.Architecture, checkpoint: dict[str, Any]) -> spec.Architecture:
    return spec.from_resolved({**net.resolved(), "checkpoint": checkpoint})


def same_outputs(a: spec.Architecture, ours: Arrays, b: spec.Architecture, theirs: Arrays) -> bool:
    inputs = random_inputs(b, np.random.default_rng(5), 3)
    first, second = outputs(a, ours, inputs), outputs(b, theirs, inputs)
    assert all(np.abs(x).max() > 1e-3 for x in second)
    return all(
        np.allclose(x, y, rtol=1e-12, atol=1e-12) for x, y in zip(first, second, strict=True)
    )


@pytest.mark.parametrize("name", MINE)
def test_two_implementations_are_one_network(name: str, tmp_path: Path) -> None:
    (family,) = [each for each in FAMILIES if each.name == name]
    family.make().save_pretrained(tmp_path)
    ((key, x),) = family.inputs().items()
    theirs = from_huggingface(tmp_path, shapes={key: x.shape[1:]})
    torch.manual_seed(1)
    mine = from_torch(MINE[name]().double().eval(), (x,))
    ours = called_otherwise(mine.net, Random(0))
    own = dict(zip(ours.tensors, mine.weights.values(), strict=True))
    assert not {*ours.tensors} & {*theirs.net.tensors}

    there = graphgen.name_map(ours, theirs.net)
    assert there.complete
    assert there.same_constants
    assert not there.interchangeable
    moved = there.apply(theirs.weights)
    assert same_outputs(ours, moved, theirs.net, theirs.weights)
    assert not same_outputs(ours, own, theirs.net, theirs.weights)
    assert len(there.unsaid) == UNSAID.get(name, 0)

    back = graphgen.name_map(theirs.net, ours)
    weights = back.apply(own)
    assert same_outputs(theirs.net, weights, ours, own)
    assert not back.unsaid
    reading = with_map(theirs.net, back.checkpoint())
    read = graphgen.Checkpoint.read(reading, own).weights
    assert read.keys() == weights.keys()
    assert all(np.array_equal(read[key], weights[key]) for key in weights)


def called_otherwise(net: spec.Architecture, rng: Random) -> spec.Architecture:
    """Give tensors names that say nothing, in an order that says nothing."""
    form = net.resolved()
    form.pop("checkpoint", None)
    numbers = [*range(len(net.tensors))]
    rng.shuffle(numbers)
    names = {name: f"t{number}" for name, number in zip(net.tensors, numbers, strict=True)}
    for entry in form["layers"]:
        (fields,) = entry.values()
        for role, name in fields.get("parameters", {}).items():
            fields["parameters"][role] = names[name.replace("$$", "$")]
    return spec.from_resolved(form)


def check(seed: int) -> bool:
    """Map a random network's names to those of another spelling; say whether rules say all."""
    net, rng = spec.loads(description(Random(seed))), Random(seed)
    other = called_otherwise(neutral(net, rng), rng)
    found = graphgen.name_map(net, other)
    assert found.complete
    assert found.same_constants
    weights = random_weights(other, np.random.default_rng(0))
    moved = found.apply(weights)
    case = Case(net)
    case.weights, case.expected = moved, outputs(net, moved, case.inputs)
    assert case.same(outputs(other, weights, case.inputs))
    if not found.unsaid:
        reading = with_map(net, found.checkpoint())
        read = graphgen.Checkpoint.read(reading, weights).weights
        assert all(np.array_equal(read[name], moved[name]) for name in moved)
    return not found.unsaid


@pytest.mark.parametrize("seed", range(0, 48, 12))
def test_any_network_is_found_again(seed: int) -> None:
    with np.errstate(all="ignore"):
        assert sum(check(number) for number in range(seed, seed + 12)) > 6


@pytest.mark.long
def test_a_thousand_networks_are_found_again() -> None:
    with np.errstate(all="ignore"):
        assert sum(check(number) for number in range(48, 1048)) > 900


@pytest.mark.parametrize("spelling", SPELLINGS["packed attention"][1])
def test_packed_projections_are_three(spelling: str) -> None:
    inputs, apart = SPELLINGS["attention"]
    one = network(inputs, next(iter(apart.values())))
    packed = network(inputs, SPELLINGS["packed attention"][1][spelling])
    for a, b in ((one, packed), (packed, one)):
        found = graphgen.name_map(a, b)
        weights = random_weights(b, np.random.default_rng(0))
        assert same_outputs(a, found.apply(weights), b, weights)
        assert {*found.checkpoint()} == {"packed" if b is packed else "tensors"}


TOWERS = """
inputs: {x: [3]}
layers:
  - linear: {name: a, inputs: x, out_features: 4}
  - relu: {name: ra}
  - linear: {name: b, inputs: x, out_features: 4}
  - relu: {name: rb}
  - add: {inputs: [ra, rb]}
  - linear: {name: head, out_features: 2}
"""


def test_what_is_interchangeable_is_said() -> None:
    net = spec.loads(TOWERS)
    other = spec.loads(TOWERS.replace("name: a", "name: p").replace("name: b", "name: q"))
    found = graphgen.name_map(net, other)
    assert {frozenset(names) for names in found.interchangeable} == {
        frozenset({"a.weight", "b.weight"}), frozenset({"a.bias", "b.bias"}),
    }  # fmt: skip
    assert not found.by_values
    assert "interchangeable, in the order of their listing: a.weight, b.weight" in str(found)
    weights = random_weights(other, np.random.default_rng(0))
    assert same_outputs(net, found.apply(weights), other, weights)


def test_values_tell_what_is_interchangeable() -> None:
    net = spec.loads(TOWERS)
    weights = random_weights(net, np.random.default_rng(0))
    swapped = {
        {"a": "b", "b": "a"}.get(name[0], name[0]) + name[1:]: array
        for name, array in weights.items()
    }
    swapped |= {name: array for name, array in weights.items() if name.startswith("head")}
    found = graphgen.name_map(net, net, weights, swapped)
    assert found.by_values
    assert found.names["a.weight"] == ("b.weight",)
    moved = found.apply(swapped)
    assert all(np.array_equal(moved[name], weights[name]) for name in weights)
    unlike = random_weights(net, np.random.default_rng(1))
    assert not graphgen.name_map(net, net, weights, unlike).by_values


def test_other_constants_are_said() -> None:
    a = spec.load("bert")
    found = graphgen.name_map(a, spec.loads(text_of("bert").replace("1.0e-12", "1.0e-6", 1)))
    assert found.complete
    assert not found.same_constants
    assert "constants or sizes of inputs differ" in str(found)
    assert graphgen.name_map(a, a).same_constants


def text_of(name: str) -> str:
    return (Path(spec.__file__).parent / "nets" / f"{name}.yaml").read_text()


def test_other_networks_have_no_map() -> None:
    with pytest.raises(graphgen.GraphError, match=r"the graphs of 'bert' and 'gpt2' are not the"):
        graphgen.name_map("bert", "gpt2")


def test_what_is_tied_in_one_alone_is_said() -> None:
    tied, untied = spec.load("llama", tied=True), spec.load("llama")
    both = {"model.embed_tokens.weight", "lm_head.weight"}
    for a, b in ((tied, untied), (untied, tied)):
        found = graphgen.name_map(a, b)
        assert not found.complete
        assert any(both >= {*names} for names in found.tied)
    weights = random_weights(tied, np.random.default_rng(0))
    moved = graphgen.name_map(untied, tied).apply(weights)
    assert same_outputs(untied, moved, tied, weights)


def test_counters_come_with_their_norms() -> None:
    net = spec.load("resnet")
    other = called_otherwise(net, Random(0))
    weights = random_weights(other, np.random.default_rng(0))
    names = graphgen.name_map(net, other).names
    counters = [name for name in net.tensors if name.endswith("num_batches_tracked")]
    assert counters
    weights |= {names[name][0]: np.asarray(k, np.int64) for k, name in enumerate(counters)}
    moved = graphgen.name_map(net, other).apply(weights)
    assert [int(moved[name]) for name in counters] == [*range(len(counters))]


def test_names_of_a_pattern_are_one_rule() -> None:
    a = spec.load("gpt2", depth=4)
    text = text_of("gpt2").split("checkpoint:")[0].replace("h.$i", "blocks.$i")
    text = text.replace("depth: 2", "depth: 4")
    rules = graphgen.name_map(a, spec.loads(text)).checkpoint()["tensors"]
    assert rules["h.*.ln_1.weight"] == "blocks.*.ln_1.weight"
    assert len(rules) == 12


def test_a_rule_that_cannot_be_said_is_refused_and_applied_all_the_same() -> None:
    """Heads one after the other, made of three matrices: pieces of each, in turn."""
    inputs, apart = SPELLINGS["attention"]
    one = network(inputs, next(iter(apart.values())))
    layers = SPELLINGS["packed attention"][1]["chunks"]
    turns = network(
        inputs,
        [
            "linear: {inputs: x, out_features: 18, name: p}",
            "reshape: {inputs: p, shape: [5, 2, 3, 3], name: r}",
            *(f"select: {{inputs: r, dim: 3, index: {i}, name: {c}}}" for i, c in enumerate("qkv")),
            *layers[5:],
        ],
    )
    found = graphgen.name_map(turns, one)
    assert {*found.unsaid} == {"p.weight", "p.bias"}
    with pytest.raises(graphgen.GraphError, match=r"no rule says how 'p\.weight' is stored"):
        found.checkpoint()
    weights = random_weights(one, np.random.default_rng(0))
    assert same_outputs(turns, found.apply(weights), one, weights)
    back = graphgen.name_map(one, turns).checkpoint()
    assert back["packed"]["p.weight"]["axes"] == "(b a c) d -> (a b c) d"
