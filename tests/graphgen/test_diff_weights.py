"""What differs between the weights of two networks, where the right answer is known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import graphgen
import spec
from graphgen.files import write_weights
from graphgen.testing import random_weights
from tests.diff_toys import NET, TEXT

Arrays = dict[str, NDArray[Any]]
WIDER = spec.loads(TEXT.replace("8, name: h", "12, name: h"))
POOLED = """  - adaptive_avg_pool2d: {output_size: 1, name: pool}
  - flatten: {name: f}
  - linear: {out_features: 8, name: h}
  - tanh: {name: t}
"""
TURNED = """  - adaptive_avg_pool2d: {output_size: 1, name: pool}
  - conv2d: {out_channels: 8, kernel_size: 1, name: h}
  - tanh: {name: t}
  - flatten: {name: f}
"""
CONVOLVED = spec.loads(TEXT.replace(POOLED, TURNED))


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
    assert {(change.kind, change.name) for change in found.changes} == {
        ("changed", "h"),
        ("changed", "head"),
    }
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
    a, b = CONVOLVED, NET
    theirs = weights_of(b)
    names = graphgen.name_map(a, b)
    ours = names.apply(theirs)
    assert {*states(graphgen.diff(a, b, ours, theirs)).values()} == {"equal"}
    ours["h.weight"] = ours["h.weight"] + np.float32(0.1)
    told = states(graphgen.diff(a, b, ours, theirs, align=False))
    assert [name for name, state in told.items() if state != "equal"] == ["h.weight"]


def test_weights_are_matched_where_constants_alone_differ() -> None:
    other = spec.loads(TEXT.replace("{name: n}", "{name: n, eps: 0.001}"))
    assert other.hash != NET.hash
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
    a, b = NET, WIDER
    found = graphgen.diff(a, b, weights_of(a), weights_of(b))
    told = json.loads(json.dumps(found.plain()))
    assert [row["name"] for row in told["changes"]] == ["h", "head"]
    assert told["weights"]["counts"]["shape"] == 3


def test_weights_of_one_network_alone_are_refused() -> None:
    with pytest.raises(graphgen.GraphError, match="`weights_b` is None"):
        graphgen.diff(NET, NET, weights_of(NET))
    with pytest.raises(graphgen.GraphError, match="`align` is a str, 'yes'"):
        graphgen.diff(NET, NET, align="yes")  # type: ignore[arg-type]
