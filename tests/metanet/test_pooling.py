"""Pooling of node views, against a slow one in numpy."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.views.pooling import APART, STATISTICS, pool
from spec.testing import networks


def part_of(net: spec.Architecture, count: int) -> metanet.Part:
    rng = np.random.default_rng(0)
    graphs = [graphgen.compile(net, random_weights(net, rng)) for _ in range(count)]
    return metanet.Batch.from_graphs(graphs).parts[0]


def slow(part: metanet.Part, rows: np.ndarray) -> np.ndarray:
    """Pool one network's rows, group by group."""
    by_depth: dict[int, list[np.ndarray]] = {}
    for group in part.template.node_groups:
        if group.kind not in APART and group.size:
            own = rows[group.start : group.start + group.size]
            by_depth.setdefault(group.depth, []).append(own)
    depths = sorted(by_depth)
    found = []
    for chosen in (depths[:1], depths[1:-1], depths[-1:]):
        own = [piece for depth in chosen for piece in by_depth[depth]]
        nodes = np.concatenate(own) if own else np.zeros((1, rows.shape[1]))
        found += [nodes.mean(0), nodes.std(0)]
    every = np.concatenate([piece for pieces in by_depth.values() for piece in pieces] or [rows])
    return np.concatenate([*found, every.min(0), every.max(0)])


@given(networks().filter(lambda net: net.parameters), st.integers(0, 9))
def test_each_number_is_that_of_its_nodes(net: spec.Architecture, seed: int) -> None:
    part = part_of(net, 2)
    rows = np.random.default_rng(seed).normal(size=(2, part.template.num_nodes, 3))
    found = pool(part, torch.from_numpy(rows)).numpy()
    assert found.shape == (2, 3 * len(STATISTICS))
    for own, expected in zip(found, rows, strict=True):
        np.testing.assert_allclose(own, slow(part, expected), atol=1e-12)


@given(networks().filter(lambda net: net.parameters), st.integers(0, 9))
def test_permuting_nodes_as_a_symmetry_does_changes_nothing(
    net: spec.Architecture, seed: int
) -> None:
    part, rng = part_of(net, 1), np.random.default_rng(seed)
    try:
        element = graphgen.symmetries(net).sample(rng)
    except graphgen.GraphError:
        assume(False)
    rows = torch.from_numpy(rng.normal(size=(1, part.template.num_nodes, 2)))
    moved = rows[:, torch.from_numpy(np.asarray(element.nodes))]
    torch.testing.assert_close(pool(part, moved), pool(part, rows))


def test_exchanging_neurons_of_two_layers_changes_it() -> None:
    layers = "layers: [{linear: {out_features: 3}}, relu, {linear: {out_features: 2}}]"
    part = part_of(spec.loads("inputs: {x: [2]}\n" + layers), 1)
    groups = [group for group in part.template.node_groups if group.kind == "neuron"]
    rows = torch.arange(part.template.num_nodes, dtype=torch.float64).reshape(1, -1, 1)
    moved = rows.clone()
    first, last = groups[0].start, groups[-1].start
    moved[0, first], moved[0, last] = rows[0, last], rows[0, first]
    assert not torch.equal(pool(part, moved), pool(part, rows))
