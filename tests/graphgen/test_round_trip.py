from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphgen
import spec
from graphgen.files import write_safetensors
from graphgen.testing import assert_round_trip, random_weights
from graphgen.testing.round_trip import check_owners, count_differing
from spec.testing import networks

DTYPES: dict[str, tuple[Any, Any, list[int]]] = {
    # dtype, integers of its size, and the bits of a NaN with a payload, -0, infinity, the least
    "float64": (np.float64, np.uint64, [0x7FF8DEADBEEF0001, 1 << 63, 0x7FF << 52, 1]),
    "float32": (np.float32, np.uint32, [0x7FC0BEEF, 1 << 31, 0x7F800000, 1]),
    "bfloat16": (ml_dtypes.bfloat16, np.uint16, [0x7FC5, 1 << 15, 0x7F80, 1]),
}
CNN = """
inputs: {x: [2, 5, 5]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3, groups: 2}
  - batch_norm
  - relu
  - flatten
  - linear: {out_features: 3}
"""
TIED = """
inputs: {x: [4]}
layers:
  - linear: {out_features: 4, name: a}
  - relu
  - linear: {out_features: 4, parameters: {weight: a.weight}}
"""


def special_weights(net: spec.Architecture, dtype: str, seed: int = 0) -> dict[str, Any]:
    """Random weights, half of them zeros and values whose bits are easily lost."""
    kind, integers, bits = DTYPES[dtype]
    rng = np.random.default_rng(seed)
    weights = random_weights(net, rng, kind)
    special = np.concatenate([np.array(bits, dtype=integers).view(kind), np.zeros(2, dtype=kind)])
    for array in weights.values():
        if array.dtype == kind:
            chosen = rng.random(array.shape) < 0.5
            array[chosen] = rng.choice(special, chosen.sum())
    return weights


@given(networks(), st.sampled_from(sorted(DTYPES)))
def test_weights_come_back_bit_by_bit(net: spec.Architecture, dtype: str) -> None:
    assert assert_round_trip(net, special_weights(net, dtype)) == 0


@pytest.mark.long
@settings(max_examples=200)
@given(networks(), st.sampled_from(sorted(DTYPES)))
def test_weights_come_back_bit_by_bit_long(net: spec.Architecture, dtype: str) -> None:
    assert assert_round_trip(net, special_weights(net, dtype)) == 0


def shifted(weights: dict[str, Any]) -> dict[str, Any]:
    return {**weights, "0.bias": np.roll(weights["0.bias"], 1)}


def quiet(weights: dict[str, Any]) -> dict[str, Any]:
    """Lose the payload of NaNs."""
    return {
        name: np.where(np.isnan(array), np.nan, array) if array.dtype.kind == "f" else array
        for name, array in weights.items()
    }


def rounded(weights: dict[str, Any]) -> dict[str, Any]:
    return {**weights, "1.running_var": weights["1.running_var"].astype(np.float32)}


def without_counter(weights: dict[str, Any]) -> dict[str, Any]:
    return {n: array for n, array in weights.items() if n != "1.num_batches_tracked"}


@pytest.mark.parametrize("damage", [shifted, quiet, rounded, without_counter])
def test_a_wrong_way_back_is_caught(
    damage: Callable[[dict[str, Any]], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    net = spec.loads(CNN)
    weights = special_weights(net, "float64")
    assert_round_trip(net, weights)
    there = graphgen.Graph.weights
    monkeypatch.setattr(graphgen.Graph, "weights", lambda graph: damage(there(graph)))
    with pytest.raises(AssertionError, match=r"^out of the graph: \d+ scalars differ"):
        assert_round_trip(net, weights)


def test_wrong_edge_values_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    net = spec.loads(CNN)
    weights = random_weights(net, np.random.default_rng(0))
    there = graphgen.Graph.edge_values
    monkeypatch.setattr(graphgen.Graph, "edge_values", lambda graph: np.roll(there(graph), 1))
    with pytest.raises(AssertionError, match="through the edge values"):
        assert_round_trip(net, weights)


def test_scalars_with_two_edges_or_none_are_caught() -> None:
    net = spec.loads(TIED)
    graph = graphgen.compile(net, random_weights(net, np.random.default_rng(0)))
    check_owners(graph)
    template = graph.template
    owning = replace(template, blocks=tuple(replace(b, tied=False) for b in template.blocks))
    with pytest.raises(AssertionError, match="24 scalars own 40 edges; 0 scalars own none"):
        check_owners(replace(graph, template=owning))
    without = replace(template, blocks=tuple(b for b in template.blocks if b.tensor != "2.bias"))
    with pytest.raises(AssertionError, match="the 4 scalars of '2.bias' own no edge"):
        check_owners(replace(graph, template=without))
    swapped = replace(
        template,
        blocks=tuple(
            replace(b, tensor="a.bias") if b.tensor == "2.bias" else b for b in template.blocks
        ),
        tensors=tuple(t for t in template.tensors if t.name != "2.bias"),
    )
    with pytest.raises(AssertionError, match="20 scalars own 24 edges"):
        check_owners(replace(graph, template=swapped))


def test_differing_scalars_are_counted() -> None:
    a = {"w": np.array([0.0, 1.0, np.nan])}
    assert count_differing(a, {"w": a["w"].copy()}) == 0
    assert count_differing(a, {"w": np.array([-0.0, 1.0, np.nan])}) == 1
    assert count_differing(a, {"w": a["w"].astype(np.float32)}) == 3
    assert count_differing(a, {"w": a["w"].reshape(3, 1)}) == 3
    assert count_differing(a, {}) == count_differing({}, a) == 3
    assert count_differing({"n": np.int64(3).reshape(())}, {"n": np.array(4)}) == 1


def test_weights_are_read_from_files(tmp_path: Path) -> None:
    net = spec.loads(CNN)
    weights = special_weights(net, "float32")
    write_safetensors(tmp_path / "net.safetensors", weights)
    np.savez(tmp_path / "net.npz", **weights)
    for name in ("net.safetensors", "net.npz"):
        assert count_differing(graphgen.compile(net, tmp_path / name).weights(), weights) == 0
    assert count_differing(graphgen.compile(net, str(tmp_path / "net.npz")).weights(), weights) == 0


def test_views_of_any_strides_are_bound_without_a_copy() -> None:
    net = spec.loads(CNN)
    weights = random_weights(net, np.random.default_rng(0))
    strided = {name: array.copy(order="F") for name, array in weights.items()}
    twice = np.repeat(weights["4.weight"], 2, axis=1)
    strided["4.weight"] = twice[:, ::2]
    strided["0.weight"] = strided["0.weight"][:, :, ::-1, ::-1]
    strided["0.weight"].flags.writeable = False
    graph = graphgen.compile(net, strided)
    graph.verify()
    assert_round_trip(net, strided)


def test_new_edge_values_make_a_new_network() -> None:
    net = spec.loads(CNN)
    graph = graphgen.compile(net, random_weights(net, np.random.default_rng(0), np.float32))
    doubled = graph.with_edge_values(2 * graph.edge_values().astype(np.float64))
    for name, array in graph.weights().items():
        factor = 1 if name.endswith("tracked") else 2
        assert np.array_equal(doubled.weights()[name], factor * array)
        assert doubled.weights()[name].dtype == array.dtype
    with pytest.raises(graphgen.GraphError, match=f"expected {graph.num_edges} edge values"):
        graph.with_edge_values(graph.edge_values()[1:])


def test_tied_edges_cannot_differ() -> None:
    net = spec.loads(TIED)
    graph = graphgen.compile(net, random_weights(net, np.random.default_rng(0)))
    (tied,) = (block for block in graph.blocks if block.tied)
    values = graph.edge_values()
    values[tied.edge_start] += 1
    with pytest.raises(graphgen.GraphError, match=r"a\.weight@2 are tied to 'a\.weight'"):
        graph.with_edge_values(values)
    owner = next(block for block in graph.blocks if block.tensor == "a.weight")
    values[owner.edge_start] += 1
    assert graph.with_edge_values(values).weights()["a.weight"][0, 0] == values[owner.edge_start]


def test_all_tensors_that_do_not_fit_are_named_at_once() -> None:
    net = spec.loads(CNN)
    weights = random_weights(net, np.random.default_rng(0), np.float32)
    wrong = dict(weights)
    del wrong["0.weight"]
    wrong["4.weight"] = wrong["4.weight"].T
    wrong["4.bias"] = wrong["4.bias"].astype(np.int32)
    wrong["1.num_batches_tracked"] = wrong["1.num_batches_tracked"].astype(np.int32)
    wrong["head.bias"] = np.zeros(3)
    with pytest.raises(graphgen.GraphError) as caught:
        graphgen.compile(net, wrong)
    assert str(caught.value).splitlines() == [
        "`weights`: the weights do not fit the architecture:",
        "  0.weight: missing, expected shape [4, 1, 3, 3]",
        "  1.num_batches_tracked: dtype int32, expected int64",
        "  4.weight: shape [36, 3], expected [3, 36]; if its axes are others, say `axes: i o -> "
        "o i` of '4.weight'",
        "  4.bias: dtype int32, expected floating point",
        "  head.bias: not a tensor of this architecture, shape [3]",
    ]


def test_values_that_are_not_finite_are_found_when_asked() -> None:
    net = spec.loads(CNN)
    weights = random_weights(net, np.random.default_rng(0), ml_dtypes.bfloat16)
    graphgen.compile(net, weights).check_values()
    weights["4.weight"][1, 2] = np.nan
    weights["0.bias"][3] = np.inf
    with pytest.raises(graphgen.GraphError) as caught:
        graphgen.compile(net, weights).check_values()
    assert str(caught.value).splitlines()[1:] == [
        "  0.bias: 1 values are NaN or infinite, the first at [3]",
        "  4.weight: 1 values are NaN or infinite, the first at [1, 2]",
    ]
