"""The section `checkpoint` that is written reads the model's own file, whatever its layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.traced_networks import network_of

import graphgen
import spec
from graphgen.checkpoint import Checkpoint
from graphgen.importers.network import Network, Node, Weight
from graphgen.importers.writing import Written, write_network
from graphgen.importers.writing.rules import tensor_rules
from graphgen.importers.writing.storage import axes_of, relations
from graphgen.testing import random_weights

NETS = Path(spec.__file__).parent / "nets"
STORED_OTHERWISE = [
    "gpt2", "bert", "llama", "published/bart", "published/t5", "published/detr",
    "published/mpt", "published/whisper", "published/opt", "published/roberta",
]  # fmt: skip


def from_file(name: str) -> tuple[Network, dict[str, Any]]:
    """Give a network whose weights are views of a file in its authors' layout, and the file."""
    net = spec.load(NETS / f"{name}.yaml")
    weights = random_weights(net, np.random.default_rng(0))
    stored = {
        name: np.array(array, order="C") for name, array in graphgen.as_stored(net, weights).items()
    }
    views = Checkpoint.read(net, stored).weights
    homes = {n: e.names[0] for c in net.checkpoints[:1] for e in c.entries for n in e.tensors}
    prefix = net.checkpoints[0].prefix if net.checkpoints else ""
    network = network_of(net)
    tensors = {f"%{place}": layer.tensors for place, layer in enumerate(net.layers)}
    nodes = []
    for node in network.nodes:
        own = {
            local: Weight(prefix + homes.get(name, name), views[name])
            for local, name in tensors[node.output].items()
        }
        nodes.append(replace(node, tensors=own))
    return replace(network.with_nodes(nodes), stored=stored), stored


def read_back(written: Written, stored: dict[str, Any]) -> None:
    """Read the file by what was written, and compare it with the weights; then write it again."""
    checkpoint = Checkpoint.read(written.net, stored)
    for name, array in written.weights.items():
        np.testing.assert_array_equal(checkpoint.weights[name], array)
    again = checkpoint.restore(checkpoint.weights)
    for name, array in stored.items():
        np.testing.assert_array_equal(again[name], array)


@pytest.mark.parametrize("name", STORED_OTHERWISE)
def test_files_in_their_authors_layouts_are_read_by_what_is_written(name: str) -> None:
    network, stored = from_file(name)
    written = write_network(network)
    assert written.level == 0
    assert not written.unsaid
    read_back(written, stored)


def test_weights_are_views() -> None:
    network, stored = from_file("gpt2")
    written = write_network(network)
    for array in written.weights.values():
        assert any(np.shares_memory(array, other) for other in stored.values())


def maps(*weights: Weight, width: int = 4) -> Network:
    """Give linear maps one after the other."""
    nodes, at = [], "x"
    for place, weight in enumerate(weights):
        size = weight.array.shape[0]
        fields = {"out_features": size, "bias": False}
        nodes.append(Node("linear", (at,), f"%{place}", (size,), fields, {"weight": weight}))
        at = f"%{place}"
    return Network({"x": (width,)}, tuple(nodes), (at,))


def test_one_array_that_packs_several() -> None:
    whole = np.arange(4 * 12, dtype=np.float32).reshape(4, 12)
    parts = [Weight("h.qkv", whole.T[4 * k : 4 * k + 4]) for k in range(3)]
    network = replace(maps(*parts), stored={"h.qkv": whole})
    written = write_network(network)
    assert "packed:" in written.text
    read_back(written, {"h.qkv": whole})


def test_square_matrices_that_are_transposed() -> None:
    """Names and shapes would not tell: another name does."""
    whole = np.arange(16, dtype=np.float32).reshape(4, 4)
    network = replace(maps(Weight("fc.weight", whole.T)), stored={"fc.weight": whole})
    written = write_network(network)
    assert not written.unsaid
    read_back(written, {"fc.weight": whole})


def test_tied_arrays_have_other_names() -> None:
    whole = np.arange(16, dtype=np.float32).reshape(4, 4)
    stored = {"a.weight": whole, "b.weight": whole}
    network = replace(maps(Weight("a.weight", whole), Weight("b.weight", whole)), stored=stored)
    written = write_network(network)
    assert "also: b.weight" in written.text
    assert len(written.weights) == 1
    read_back(written, stored)


def test_what_is_not_read_is_said() -> None:
    whole = np.arange(16, dtype=np.float32).reshape(4, 4)
    stored = {"a.weight": whole, "a.mask": np.ones(3), "step": np.zeros(())}
    written = write_network(replace(maps(Weight("a.weight", whole)), stored=stored))
    read_back(written, stored)
    assert "unread:" in written.text


@pytest.mark.parametrize("case", ["part", "computed", "star", "none"])
def test_what_cannot_be_said_of_a_file_is_told(case: str) -> None:
    """Such weights are to be written out; the text says nothing that is false."""
    whole = np.arange(20, dtype=np.float32).reshape(5, 4)
    array = {"part": whole[1:], "computed": whole[1:] * 2}.get(case, whole)
    name = "a*.weight" if case == "star" else "a.weight"
    stored = {} if case == "none" else {name: whole}
    written = write_network(replace(maps(Weight(name, array)), stored=stored))
    assert written.unsaid
    assert "checkpoint" not in written.text


@pytest.mark.parametrize("seed", range(40))
def test_any_rearrangement_is_found(seed: int) -> None:
    """Axes split, moved and joined where no copy is needed lead back to the same view."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 5, rng.integers(1, 4)).tolist())
    whole = rng.standard_normal(shape)
    split = [d for n in shape for d in ((2, n // 2) if n == 4 and rng.random() < 0.5 else (n,))]
    view = whole.reshape(split).transpose(rng.permutation(len(split)))
    said = axes_of(whole, view.shape, view.strides, view.__array_interface__["data"][0])
    assert said is not None
    if said[0]:
        from graphgen.checkpoint.layout import arranged
        from spec.rearrangement import rearrangement

        axes = rearrangement(said[0], view.shape, said[1])
        np.testing.assert_array_equal(arranged(axes and whole, axes), view)
    else:
        np.testing.assert_array_equal(whole, view)


def test_rules_say_nothing_of_other_tensors() -> None:
    """A pattern is not widened over a tensor that is stored as it is."""
    names = ["h.0.a.weight", "h.1.a.weight", "h.2.a.weight"]
    rules = [(name, {"stored": name.replace("a", "b", 1)}) for name in names[:2]]
    assert len(tensor_rules(rules, names)) == 2
    assert [pattern for pattern, _ in tensor_rules(rules, names[:2])] == ["h.*.a.weight"]


def test_parts_with_a_gap_are_not_packed() -> None:
    whole = np.zeros((12, 4))
    found, unsaid = relations(
        {"q": whole[:4], "v": whole[8:]}, {"q": "qkv", "v": "qkv"}, {"qkv": whole}
    )
    assert not found
    assert unsaid == ["q", "v"]


def anonymous(depth: int) -> Network:
    """Give a deep network of matrices that are called by numbers alone, and stored transposed."""
    rng = np.random.default_rng(0)
    nodes, stored, at = [], {}, "x"
    for i in range(depth):
        for k, (given, size) in enumerate([(4, 6), (6, 6), (6, 4)]):
            whole = rng.standard_normal((given, size)).astype(np.float32)
            name = f"onnx::MatMul_{100 + 7 * i + 2 * k}"
            stored[name] = whole
            bias = rng.standard_normal(size).astype(np.float32)
            stored[f"layers.{i}.fc{k}.bias"] = bias
            tensors = {"weight": Weight(name, whole.T)}
            tensors["bias"] = Weight(f"layers.{i}.fc{k}.bias", bias)
            fields = {"out_features": size}
            layer = Node("linear", (at,), f"%{i}.{k}", (size,), fields, tensors)
            act = Node("tanh", (f"%{i}.{k}",), f"%{i}.{k}t", (size,), scope=f"layers.{i}")
            nodes += [layer, act]
            at = f"%{i}.{k}t"
        nodes.append(Node("add", (at, nodes[-6].inputs[0]), f"%{i}.s", (4,), scope=f"layers.{i}"))
        at = f"%{i}.s"
    return Network({"x": (4,)}, tuple(nodes), (at,), stored=stored)


@pytest.mark.parametrize("depth", [2, 24])
def test_tensors_that_are_numbered_through(depth: int) -> None:
    """A page, even where files have numbers for names, and the file is read by it."""
    network = anonymous(depth)
    written = write_network(network)
    assert written.level == 0
    assert not written.unsaid
    assert written.text.count("\n") < 40
    read_back(written, dict(network.stored))
