"""Movements of items: as few layers as say the same, on chains of any spelling."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.rewrites import Build, checked, layers


def test_what_is_undone_leaves_nothing() -> None:
    build = Build({"x": (4, 6)})
    cut = build("reshape", "x", shape=(4, 2, 3))
    turned = build("permute", cut, dims=(0, 2, 1, 3))
    back = build("transpose", turned, dim0=1, dim1=2)
    flat = build("reshape", back, shape=(4, 6))
    build("relu", flat)
    network, _ = checked(build.network())
    assert layers(network) == ["relu"]


def test_words_that_people_use() -> None:
    build = Build({"x": (4, 6, 5)})
    a = build("reshape", "x", shape=(24, 5))
    b = build("reshape", "x", shape=(4, 2, 3, 5))
    c = build("permute", "x", dims=(0, 3, 2, 1))
    network, _ = checked(build.network(a, b, c))
    assert layers(network) == ["flatten", "unflatten", "transpose"]
    fields = [dict(node.fields) for node in network.nodes]
    assert fields[0] == {"end_dim": 2}
    assert fields[2] == {"dim0": 1, "dim1": 3}


def test_heads_are_cut_turned_and_joined() -> None:
    build = Build({"x": (5, 12)})
    wide = build("unsqueeze", "x", dim=2)
    cut = build("reshape", wide, shape=(5, 3, 1, 4))
    turned = build("permute", cut, dims=(0, 2, 3, 1, 4))
    flat = build("reshape", turned, shape=(3, 5, 4))
    build("relu", flat)
    network, _ = checked(build.network())
    assert layers(network) == ["unflatten", "transpose", "relu"]


def test_values_that_others_read_stay() -> None:
    build = Build({"x": (4, 6)})
    turned = build("transpose", "x", dim0=1, dim1=2)
    back = build("transpose", turned, dim0=1, dim1=2)
    network, _ = checked(build.network(build("relu", back), build("tanh", turned)))
    assert sorted(layers(network)) == ["relu", "tanh", "transpose"]


@pytest.mark.parametrize("seed", range(40))
def test_random_chains(seed: int) -> None:
    rng = np.random.default_rng(seed)
    build = Build({"x": (2, 3, 4, 1)}, seed)
    value = build("relu", "x")
    for _ in range(int(rng.integers(1, 8))):
        shape = build.shapes[value]
        rank = len(shape)
        kind = rng.choice(["permute", "transpose", "reshape", "flatten", "unsqueeze", "squeeze"])
        if kind == "permute":
            value = build("permute", value, dims=(0, *(int(i) + 1 for i in rng.permutation(rank))))
        elif kind == "transpose":
            first, second = (int(i) + 1 for i in rng.integers(0, rank, 2))
            value = build("transpose", value, dim0=first, dim1=second)
        elif kind == "unsqueeze" and rank < 6:
            value = build("unsqueeze", value, dim=int(rng.integers(1, rank + 2)))
        elif kind == "squeeze" and rank > 1:
            value = build("squeeze", value)
        elif kind == "flatten" and rank > 1:
            start = int(rng.integers(1, rank))
            value = build("flatten", value, start_dim=start, end_dim=start + 1)
        else:
            sizes = (24,) if rng.random() < 0.2 else tuple(int(n) for n in rng.permutation(shape))
            value = build("reshape", value, shape=sizes)
    before = build.network(build("tanh", value))
    network, _ = checked(before)
    assert len(network.nodes) <= len(before.nodes)
    again, observer = checked(network)
    assert not observer.applied, "what rules gave, they change once more"
    assert layers(again) == layers(network)
