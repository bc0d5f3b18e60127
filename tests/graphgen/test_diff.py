"""What differs between two networks: over pairs of which the right answer is known."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles.any_network import Case, outputs

import graphgen
import spec
from graphgen.files import write_weights
from graphgen.testing import random_weights
from spec.testing import description
from spec.testing.edits import edited

Arrays = dict[str, NDArray[Any]]
TEXT = """
inputs: {image: [1, 8, 8]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3, name: a}
  - batch_norm: {name: n}
  - relu: {name: r}
  - conv2d: {out_channels: 6, kernel_size: 3, name: b}
  - relu: {name: s}
  - adaptive_avg_pool2d: {output_size: 1, name: pool}
  - flatten: {name: f}
  - linear: {out_features: 8, name: h}
  - tanh: {name: t}
  - linear: {out_features: 3, name: head}
"""
NET = spec.loads(TEXT)
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


def weights_of(net: spec.Architecture, seed: int = 0) -> Arrays:
    return random_weights(net, np.random.default_rng(seed), np.float32)


def states(found: graphgen.Diff) -> dict[str, str]:
    assert found.weights is not None
    return {tensor.name: tensor.state for tensor in found.weights.tensors}


def test_the_same_weights_have_no_difference() -> None:
    weights = weights_of(NET)
    found = graphgen.diff(NET, NET, weights, {name: a.copy() for name, a in weights.items()})
    assert not found
    assert {*states(found).values()} == {"equal"}


def test_permuted_neurons_are_permuted() -> None:
    weights = weights_of(NET)
    moved = graphgen.symmetries(NET).sample(np.random.default_rng(3)).apply(weights)
    found = states(graphgen.diff(NET, NET, weights, moved))
    assert found["head.bias"] == found["n.num_batches_tracked"] == "equal"
    assert {*found.values()} == {"equal", "permuted"}
    assert all(
        found[name] == ("equal" if np.array_equal(weights[name], moved[name]) else "permuted")
        for name in weights
    )


def test_neurons_that_are_permuted_on_one_side_alone_are_another_function() -> None:
    net = spec.loads("""
inputs: {x: [4]}
layers: [linear: {out_features: 5, bias: false}, relu, linear: {out_features: 2}]
""")
    weights = random_weights(net, np.random.default_rng(0))
    for name, axis in (("0.weight", 0), ("2.weight", 1)):
        for factor in (1.0, 2.0):
            other = weights | {name: factor * np.roll(weights[name], -1, axis)}
            told = graphgen.diff(net, net, weights, other).weights
            assert told is not None
            assert "different" in told.counts(), (name, factor)


def test_other_signs_and_scales_are_seen() -> None:
    weights = weights_of(NET)
    moved = {name: array.copy() for name, array in weights.items()}
    for name in ("h.weight", "h.bias"):
        moved[name][2] *= -1
    moved["head.weight"][:, 2] *= -1
    found = states(graphgen.diff(NET, NET, weights, moved))
    assert {name for name, state in found.items() if state == "signed"} == {
        "h.weight", "h.bias", "head.weight",
    }  # fmt: skip
    for name in ("b.weight", "b.bias"):  # in front of a relu
        moved[name][1] *= 2
    moved["h.weight"][:, 1] /= 2
    found = states(graphgen.diff(NET, NET, weights, moved))
    assert {name for name, state in found.items() if state == "scaled"} >= {"b.weight", "b.bias"}
    moved["head.weight"][:, 2] *= -1  # no symmetry now
    found = states(graphgen.diff(NET, NET, weights, moved))
    assert "different" in found.values()


def test_a_fine_tune_differs_by_how_much() -> None:
    weights = weights_of(NET)
    tuned = dict(weights)
    tuned["head.weight"] = weights["head.weight"] * np.float32(1.01)
    found = graphgen.diff(NET, NET, weights, tuned, align=False)
    assert found.weights is not None
    (tensor,) = [each for each in found.weights.tensors if each.state != "equal"]
    assert tensor.name == "head.weight"
    assert tensor.relative == pytest.approx(0.01, rel=1e-4)
    assert "different by 0.01 of its norm" in str(found)


def test_a_permuted_fine_tune_lies_closer_once_aligned() -> None:
    weights = weights_of(NET)
    rng = np.random.default_rng(1)
    tuned = {
        name: array + (0.001 * rng.standard_normal(array.shape)).astype(array.dtype)
        for name, array in weights.items()
    }
    moved = graphgen.symmetries(NET).sample(np.random.default_rng(3)).apply(tuned)
    found = graphgen.diff(NET, NET, weights, moved)
    assert found.weights is not None
    by_name = {tensor.name: tensor for tensor in found.weights.tensors}
    tensor = by_name["h.weight"]
    assert tensor.aligned is not None
    assert tensor.relative is not None
    assert tensor.aligned < 0.05 < tensor.relative
    assert "once aligned" in str(tensor)


def hidden() -> graphgen.Family:
    """Give the hidden units of the last layers."""
    families = graphgen.units(NET).families.values()
    (found,) = [f for f in families if {"h.weight", "head.weight"} <= {*f.tensors}]
    return found


def test_a_pruned_copy_is_a_part() -> None:
    weights = weights_of(NET)
    family = hidden()
    small, left = graphgen.prune(NET, weights, [family[1], family[4]])
    found = graphgen.diff(NET, small, weights, left)
    assert ("changed", "h", SHAPED.replace("12", "6")) in rows(found)
    told = states(found)
    assert {name for name, state in told.items() if state == "part"} == {
        "h.weight", "h.bias", "head.weight",
    }  # fmt: skip
    assert told["a.weight"] == "equal"
    assert "~ h.weight: part, [8, 6] -> [6, 6]: 6 of 8 along axis 0" in str(found)
    left["h.weight"] = left["h.weight"] + np.float32(1)
    assert states(graphgen.diff(NET, small, weights, left))["h.weight"] == "shape"


def test_a_widened_copy_repeats_rows() -> None:
    weights = weights_of(NET)
    family = hidden()
    wide, more = graphgen.widen(NET, weights, [family[0]])
    told = states(graphgen.diff(NET, wide, weights, more))
    assert told["h.weight"] == told["h.bias"] == "part"
    assert told["head.weight"] == "shape"


def test_a_file_in_another_layout_is_read_as_it_is_declared(tmp_path: Any) -> None:
    text = "inputs: {x: [4]}\nlayers: [linear: {out_features: 4, name: l}]\n"
    stored = "checkpoint: {tensors: {l.weight: {stored: l.kernel, axes: i o -> o i}}}"
    net, other = spec.loads(text), spec.loads(text + stored)
    weights = weights_of(net)
    write_weights(tmp_path / "b.safetensors", graphgen.as_stored(other, weights))
    assert not graphgen.diff(net, other, weights, tmp_path / "b.safetensors")
    turned = {**weights, "l.weight": weights["l.weight"].T.copy()}
    found = states(graphgen.diff(net, net, weights, turned))
    assert found == {"l.weight": "transposed", "l.bias": "equal"}


def test_half_precision_is_named() -> None:
    weights = weights_of(NET)
    half = {name: a.astype(np.float16) if a.dtype.kind == "f" else a for name, a in weights.items()}
    assert "float32 -> float16" in str(graphgen.diff(NET, NET, weights, half, align=False))


def test_weights_are_compared_across_names_and_layouts() -> None:
    a, b, _, _ = PAIRS["convolutions of one place"]
    theirs = weights_of(b)
    names = graphgen.name_map(a, b)
    ours = names.apply(theirs)
    assert {*states(graphgen.diff(a, b, ours, theirs)).values()} == {"equal"}
    ours["h.weight"] = ours["h.weight"] + np.float32(0.1)
    told = states(graphgen.diff(a, b, ours, theirs, align=False))
    assert [name for name, state in told.items() if state != "equal"] == ["h.weight"]


def test_weights_are_matched_where_constants_alone_differ() -> None:
    other = PAIRS["another eps"][1]
    weights = weights_of(NET)
    moved = graphgen.symmetries(NET).sample(np.random.default_rng(3)).apply(weights)
    found = graphgen.diff(NET, other, weights, moved)
    assert not found.same_function
    assert {*states(found).values()} == {"equal", "permuted"}


def test_large_networks_are_matched_only_if_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphgen.differences.values.MOST_MATCHED", 10)
    weights = weights_of(NET)
    moved = graphgen.symmetries(NET).sample(np.random.default_rng(3)).apply(weights)
    assert "only if asked for" in str(graphgen.diff(NET, NET, weights, moved))
    asked = states(graphgen.diff(NET, NET, weights, moved, align=True))
    assert "permuted" in asked.values()


def test_numbers_that_are_not_finite_are_compared_as_they_stand() -> None:
    weights = weights_of(NET)
    broken = {name: array.copy() for name, array in weights.items()}
    broken["h.weight"][0, 0] = np.nan
    found = graphgen.diff(NET, NET, weights, broken)
    assert states(found)["h.weight"] == "different"
    assert "not matched" in str(found)


def test_a_diff_is_plain_data() -> None:
    a, b, _, _ = PAIRS["wider"]
    found = graphgen.diff(a, b, weights_of(a), weights_of(b))
    told = json.loads(json.dumps(found.plain()))
    assert [row["name"] for row in told["changes"]] == ["h", "head"]
    assert told["weights"]["counts"]["shape"] == 3


def test_weights_of_one_network_alone_are_refused() -> None:
    with pytest.raises(graphgen.GraphError, match="`weights_b` is None"):
        graphgen.diff(NET, NET, weights_of(NET))
    with pytest.raises(graphgen.GraphError, match="`align` is a str, 'yes'"):
        graphgen.diff(NET, NET, align="yes")  # type: ignore[arg-type]
