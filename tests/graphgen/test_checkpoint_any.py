"""Random layouts of random networks: what is written is read again bit by bit."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from oracles.stored_layouts import bits, section

import graphgen
import spec
from graphgen.checkpoint import Form
from graphgen.files import write_weights
from graphgen.testing import random_weights
from spec.testing.network import description


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
