"""What differs between two architectures: over pairs of which the right answer is known."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from oracles.any_network import Case, outputs

import graphgen
import spec
from graphgen.testing import random_weights
from spec.testing import description
from spec.testing.edits import edited
from tests.diff_toys import NET, TEXT

PLAIN = "inputs: {x: [4]}\nlayers: [linear: {out_features: 8}, relu, linear: {out_features: 3}]"
DEEPER = PLAIN.replace("relu,", "relu, linear: {out_features: 8}, relu,")
BRANCHES = """
inputs: {x: [4]}
layers:
  - linear: {inputs: x, out_features: 5, name: p}
  - tanh: {inputs: x, name: q}
  - linear: {inputs: q, out_features: 5, name: u}
  - add: {inputs: [p, u], name: y}
"""
OTHER_ORDER = """
inputs: {x: [4]}
layers:
  - tanh: {inputs: x, name: q}
  - linear: {inputs: q, out_features: 5, name: u}
  - linear: {inputs: x, out_features: 5, name: p}
  - add: {inputs: [u, p], name: y}
"""

ATTENTION = "inputs: {x: [5, 8]}\nlayers: [multihead_attention: {num_heads: 2, name: m}]"


def written(*edits: str) -> spec.Architecture:
    """Edit the text of the network: what to find, what to put there, and so on."""
    text = TEXT
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        assert text.count(old) == 1
        text = text.replace(old, new)
    return spec.loads(text)


def reference(name: str, **variables: object) -> spec.Architecture:
    return spec.load(name, **variables)


MORE = "  - linear: {out_features: 8, name: more}\n  - tanh: {name: w}\n"
HEAD, POOL = "  - linear: {out_features: 3, name: head}", "  - adaptive_avg_pool2d: {output_size: 1, name: pool}\n  - flatten: {name: f}"  # fmt: skip  # noqa: E501
NORM = "  - batch_norm: {name: n}\n"
SAME, OTHER = True, False
SHAPED = "linear: out_features 8 -> 12, weight [8, 6] -> [12, 6], bias [8] -> [12]"
PAIRS: dict[str, tuple[spec.Architecture, spec.Architecture, bool, set[tuple[str, str, str]]]] = {
    "identical": (NET, written(), SAME, set()),
    "two layers are added": (NET, written(HEAD, MORE + HEAD), OTHER, {
        ("added", "more", "linear [8, 8], [8], behind t"), ("added", "w", "tanh, behind more")}),
    "two layers are taken out": (written(HEAD, MORE + HEAD), NET, OTHER, {
        ("removed", "more", "linear [8, 8], [8], behind t"),
        ("removed", "w", "tanh, behind more")}),
    "layers without names are added": (spec.loads(PLAIN), spec.loads(DEEPER), OTHER, {
        ("added", "2", "linear [8, 8], [8], behind 1"), ("added", "3", "relu, behind 2"),
        ("renamed", "numbers", "2 is 4")}),
    "another activation": (NET, written("relu: {name: s}", "gelu: {name: s}"), OTHER, {
        ("changed", "s", "relu -> gelu")}),
    "another eps": (NET, written("{name: n}", "{name: n, eps: 0.001}"), OTHER, {
        ("changed", "n", "batch_norm: eps 1e-05 -> 0.001")}),
    "no bias": (NET, written("3, name: head", "3, bias: false, name: head"), OTHER, {
        ("changed", "head", "linear: bias true -> false")}),
    "another kernel": (NET, written("3, name: b", "1, name: b"), OTHER, {
        ("changed", "b",
         "conv2d: kernel_size [3, 3] -> [1, 1], weight [6, 4, 3, 3] -> [6, 4, 1, 1]")}),
    "wider": (NET, written("8, name: h", "12, name: h"), OTHER, {
        ("changed", "h", SHAPED),
        ("changed", "head", "linear: in_features 8 -> 12, weight [3, 8] -> [3, 12]")}),
    "more classes": (NET, written("3, name: head", "5, name: head"), OTHER, {
        ("output", "outputs", "[[3]] -> [[5]]"),
        ("changed", "head", "linear: out_features 3 -> 5, weight [3, 8] -> [5, 8], bias [3] -> [5]")}),  # noqa: E501
    "another input": (NET, written("[1, 8, 8]", "[1, 10, 10]"), OTHER, {
        ("input", "image", "[1, 8, 8] -> [1, 10, 10]")}),
    "a norm stands elsewhere": (
        NET, written(NORM + "  - relu: {name: r}\n", "  - relu: {name: r}\n" + NORM), OTHER, {
            ("moved", "n", "behind a -> r")}),
    "another norm": (NET, written("batch_norm: {name: n}", "group_norm: {num_groups: 2, name: n}"),
                     OTHER, {("changed", "n", "batch_norm -> group_norm")}),
    "another name": (NET, written("name: h}", "name: hidden}"), SAME, {("renamed", "h", "hidden")}),
    "another order": (spec.loads(BRANCHES), spec.loads(OTHER_ORDER), SAME, {
        ("reordered", "layers", "listed in another order")}),
    "another spelling": (NET, written(POOL, "  - mean: {dim: [2, 3], name: m}"), SAME, {
        ("spelled", "layers", "10 here, 9 there")}),
    "convolutions of one place": (
        written(POOL + "\n  - linear: {out_features: 8, name: h}\n  - tanh: {name: t}\n" + HEAD,
                "  - adaptive_avg_pool2d: {output_size: 1, name: pool}\n"
                "  - conv2d: {out_channels: 8, kernel_size: 1, name: h}\n  - tanh: {name: t}\n"
                "  - flatten: {name: f}\n" + HEAD),
        NET, SAME, {("spelled", "layers", "10 here, 10 there"),
                    ("renamed", "h.weight", "h.weight (axes o i -> o i 1 1)")}),
    "packed projections": (
        spec.loads(ATTENTION), spec.loads(ATTENTION.replace("2,", "2, packed: false,")), SAME, {
            ("spelled", "layers", "1 here, 1 there"),
            *(("renamed", f"m.in_proj_{kind}",
               f"m.q_proj.{kind} + m.k_proj.{kind} + m.v_proj.{kind}")
              for kind in ("weight", "bias"))}),
    "a transformer with one layer more": (
        reference("bert"), reference("bert", depth=3), OTHER, set()),
    "another number of heads": (reference("llama"), reference("llama", heads=2), OTHER, {
        ("changed", "model.layers.*.self_attn", "multihead_attention: num_heads 4 -> 2, head_dim 4 "
         "-> 8, rotary_size 4 -> 8, scale 0.5 -> 0.3535533905932738, k_proj.weight [8, 16] -> "
         "[16, 16], v_proj.weight [8, 16] -> [16, 16]")}),
    "tied": (reference("llama"), reference("llama", tied=True), OTHER, {
        ("tied", "model.embed_tokens.weight",
         "model.embed_tokens.weight, lm_head.weight -> one tensor")}),
    "untied": (reference("llama", tied=True), reference("llama"), OTHER, {
        ("tied", "model.embed_tokens.weight",
         "one tensor -> model.embed_tokens.weight, lm_head.weight")}),
}  # fmt: skip
SET_APART = ("a transformer with one layer more",)
"""Of which a test of its own says what there is."""


def rows(found: graphgen.Diff) -> set[tuple[str, str, str]]:
    return {(change.kind, change.name, change.what) for change in found.changes}


@pytest.mark.parametrize("name", PAIRS)
def test_the_architectures_differ_in_this(name: str) -> None:
    a, b, same, expected = PAIRS[name]
    found = graphgen.diff(a, b)
    assert found.same_function == same
    assert bool(found) == (name != "identical")
    if name not in SET_APART:
        assert rows(found) == expected
    assert len(str(found).splitlines()) >= len(found.changes)


@pytest.mark.parametrize("name", PAIRS)
def test_the_same_function_is_the_same_with_the_same_weights(name: str) -> None:
    a, b, same, _ = PAIRS[name]
    case = Case(b)
    names = graphgen.diff(a, b).names
    if a.inputs != b.inputs or a.output_shapes != b.output_shapes:
        assert not same
        return
    if same:
        weights = case.weights if names is None else names.apply(case.weights)
        assert case.same(outputs(a, weights, case.inputs))
    elif names is not None and not names.tied:  # constants differ: so do the functions
        assert not case.same(outputs(a, names.apply(case.weights), case.inputs))


def test_one_more_layer_of_a_transformer() -> None:
    found = graphgen.diff("bert", reference("bert", depth=3))
    added = [change.name for change in found.changes if change.kind == "added"]
    assert len(added) == 8
    assert all(name.startswith("bert.encoder.layer.2.") for name in added)
    others = [change for change in found.changes if change.kind != "added"]
    assert [(change.name, change.what) for change in others] == [
        ("numbers", "bert.7 is bert.8, bert.8 is bert.9, bert.10 is bert.11")
    ]


def test_a_hundred_layers_that_change_alike_are_one_line() -> None:
    many = graphgen.diff(
        reference("llama", depth=20), reference("llama", depth=20, eps=1e-6)
    ).changes
    assert [change.count for change in many] == [20, 20, 1]


def test_edits_of_any_network_are_seen() -> None:
    """What is said to be the same function is, and what is another architecture differs."""
    tried = same = 0
    with np.errstate(all="ignore"):
        for seed in range(24):
            net = spec.loads(description(Random(seed)))
            other = edited(net, Random(seed))
            if other is None or other.hash == net.hash:
                continue
            found = graphgen.diff(net, other)
            tried += 1
            assert found, seed
            if found.same_function:
                same += 1
                assert found.names is not None
                case = Case(net)
                weights = random_weights(other, np.random.default_rng(1))
                case.expected = outputs(net, found.names.apply(weights), case.inputs)
                assert case.same(outputs(other, weights, case.inputs)), seed
    assert tried > 10 > same > 0
