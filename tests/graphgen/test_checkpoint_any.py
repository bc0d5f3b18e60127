"""Random layouts of random networks: what is written is read again bit by bit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.checkpoint import Form
from graphgen.files import write_weights
from graphgen.testing import random_weights
from spec.testing.network import description

Shape = tuple[int, ...]


def change_of_axes(shape: Shape, rng: Random) -> str:
    """Draw a change of axes for a shape: another order, axes of one, or some put together."""
    names = [f"a{axis}" for axis in range(len(shape))]
    stored = rng.sample(names, len(names))
    if len(stored) > 1 and rng.random() < 0.4:
        place = rng.randrange(len(stored) - 1)
        stored[place : place + 2] = [f"({stored[place]} {stored[place + 1]})"]
    if rng.random() < 0.3:
        stored.insert(rng.randrange(len(stored) + 1), "1")
    return f"{' '.join(stored)} -> {' '.join(names)}"


def section(net: spec.Architecture, rng: Random) -> dict[str, Any]:
    """Draw how checkpoints of a network may have its tensors, each under a name of its own."""
    tensors: dict[str, Any] = {}
    packed: dict[str, Any] = {}
    left = list(net.tensors.values())
    rng.shuffle(left)
    while left:
        tensor = left.pop()
        stored = f"s{len(left)}.{rng.randrange(9)}"
        partner = next(
            (t for t in left if t.shape == tensor.shape and t.dtype == tensor.dtype), None
        )
        kind = rng.choice(["name", "axes", "axes", "pieces", "pack", "also"])
        if kind == "pack" and partner is not None and tensor.shape:
            left.remove(partner)
            dim = rng.randrange(len(tensor.shape))
            whole = tuple(n * (1 + (a == dim)) for a, n in enumerate(tensor.shape))
            packed[stored] = {"parts": [tensor.name, partner.name], "dim": dim,
                              "axes": change_of_axes(whole, rng)}  # fmt: skip
        elif kind == "pieces" and tensor.shape and tensor.shape[0] > 1:
            cut = rng.randrange(1, tensor.shape[0])
            axes = rng.choice(["same", change_of_axes(tensor.shape, rng)])
            tensors[tensor.name] = {"stored": [f"{stored}.a", f"{stored}.b"], "axes": axes,
                                    "lengths": [cut, tensor.shape[0] - cut]}  # fmt: skip
        elif kind == "also":
            tensors[tensor.name] = {"stored": stored, "also": [f"{stored}.too"], "axes": "same"}
        elif kind == "axes":
            tensors[tensor.name] = {"stored": stored, "axes": change_of_axes(tensor.shape, rng)}
        else:
            tensors[tensor.name] = {"stored": stored, "axes": "same"}
    return {key: rules for key, rules in (("tensors", tensors), ("packed", packed)) if rules}


def bits(arrays: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {name: (x.dtype, x.shape, x.tobytes()) for name, x in arrays.items()}


def check(seed: int, folder: Path) -> int:
    """Check one network and one layout; give how many tensors are stored otherwise."""
    rng = Random(seed)
    net = spec.loads(description(Random(seed)))
    if not net.tensors:
        return 0
    form = net.resolved()
    form["checkpoint"] = {"prefix": "p.", **section(net, rng)}
    said = spec.from_resolved(form)
    assert said.hash == net.hash
    assert spec.from_resolved(said.resolved()).checkpoints == said.checkpoints
    weights = random_weights(net, np.random.default_rng(seed), np.float32)
    stored = graphgen.as_stored(said, weights)
    names = {n: n[2:] for n in stored} if rng.random() < 0.5 else {n: f"module.{n}" for n in stored}
    write_weights(folder / "w.safetensors", {names[n]: x for n, x in stored.items()})
    for source in (stored, folder / "w.safetensors"):
        checkpoint = graphgen.Checkpoint.read(said, source)
        assert bits(checkpoint.weights) == bits(weights)
        assert bits(checkpoint.restore(checkpoint.weights)) == bits(checkpoint.stored)
        graph = graphgen.compile(said, source)
        assert bits(graph.weights()) == bits(weights)
        assert np.array_equal(
            graph.edge_values(), graphgen.compile(net, weights).edge_values(), equal_nan=True
        )
    assert graphgen.template(said).hash == graphgen.template(net).hash
    for entry in Form.of(said).layouts[0].entries:
        shapes = [stored["p." + name].shape for name in entry.names]
        assert shapes == list(entry.shapes)
    victim = rng.choice(list(stored))
    with pytest.raises(graphgen.GraphError, match="do not fit"):
        graphgen.compile(
            said, {n: x for n, x in stored.items() if n != victim} | {"x.y": np.ones(2)}
        )
    return sum(bits(stored)[n][1:] != bits(weights).get(n[2:], ())[1:] for n in stored)


@pytest.mark.parametrize("start", range(0, 100, 25))
def test_random_layouts_of_random_networks(start: int, tmp_path: Path) -> None:
    changed = sum(check(seed, tmp_path) for seed in range(start, start + 25))
    assert changed > 50


@pytest.mark.long
@pytest.mark.parametrize("start", range(100, 2_000, 100))
def test_random_layouts_of_random_networks_long(start: int, tmp_path: Path) -> None:
    assert sum(check(seed, tmp_path) for seed in range(start, start + 100)) > 200
