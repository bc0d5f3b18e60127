from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import graphgen
import spec
from graphgen.kinds import EDGE_KINDS, NODE_KINDS, STEP_KINDS
from graphgen.testing import random_weights
from graphgen.verify import verify_template
from spec.testing import networks

CNN = """
inputs: {x: [2, 5, 5]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3, groups: 2, padding: 1, stride: 2}
  - batch_norm
  - relu
  - residual: {body: [{conv2d: {out_channels: 4, kernel_size: 1}}]}
  - flatten
  - linear: {out_features: 3}
"""


def cnn() -> graphgen.Graph:
    net = spec.loads(CNN)
    return graphgen.compile(net, random_weights(net, np.random.default_rng(0)))


def check_verified(net: spec.Architecture) -> None:
    structure = graphgen.template(net)
    verify_template(structure)
    graph = structure.bind(random_weights(net, np.random.default_rng(0)))
    graph.verify()
    assert np.array_equal(graph.edge_index(), slow_edge_index(structure))
    assert graph.num_edges == len(graph.edge_values())
    for block in graph.blocks:
        assert (block.weight is None) == (block.tensor is None)
        if block.weight is not None and block.tensor is not None:
            assert np.shares_memory(block.weight, graph.tensors[block.tensor])
        assert block.kind in EDGE_KINDS
        assert block.fan_in * np.unique(block.targets()).size == block.num_edges
        assert block.fan_out * np.unique(block.sources()).size == block.num_edges
        assert 0 <= block.step <= len(structure.node_groups[block.target_group].steps)
    for group in structure.node_groups:
        assert group.kind in NODE_KINDS
        assert {step.operation for step in group.steps} <= set(STEP_KINDS)
    assert {g.output for g in structure.node_groups} - {-1} == set(range(len(net.outputs)))
    assert json.loads(json.dumps(structure.describe()))["num_edges"] == graph.num_edges


def slow_edge_index(structure: graphgen.Template) -> np.ndarray:
    """Walk over every edge, one after the other."""
    edges = []
    for block in structure.blocks:
        for c in product(*(range(size) for size in block.shape)):
            ends = []
            for start, strides in (
                (block.source_start, block.source_strides),
                (block.target_start, block.target_strides),
            ):
                ends.append(start + sum(s * i for s, i in zip(strides, c, strict=True)))
            edges.append(ends)
    return np.array(edges, dtype=np.int64).reshape(-1, 2).T


@given(networks())
def test_every_graph_keeps_its_invariants(net: spec.Architecture) -> None:
    check_verified(net)


@pytest.mark.long
@settings(max_examples=200)
@given(networks())
def test_every_graph_keeps_its_invariants_long(net: spec.Architecture) -> None:
    check_verified(net)


def with_block(template: graphgen.Template, number: int, **changes: Any) -> graphgen.Template:
    blocks = list(template.blocks)
    blocks[number] = replace(blocks[number], **changes)
    return replace(template, blocks=tuple(blocks))


def with_group(template: graphgen.Template, number: int, **changes: Any) -> graphgen.Template:
    groups = list(template.node_groups)
    groups[number] = replace(groups[number], **changes)
    return replace(template, node_groups=tuple(groups))


Damage = Callable[[graphgen.Template], graphgen.Template]
VIOLATIONS: dict[str, tuple[Damage, str]] = {
    "1 node groups overlap": (
        lambda t: with_group(t, 1, start=1),
        r"node group 0: starts at 1, expected 2",
    ),
    "1 a hole between node groups": (
        lambda t: with_group(t, 2, start=t.node_groups[2].start + 1),
        r"node group 0\.bias: starts at 7, expected 6",
    ),
    "1 an empty node group": (lambda t: with_group(t, 0, size=0), "node group x: starts at 0"),
    "2 blocks overlap": (
        lambda t: with_block(t, 1, edge_start=1),
        r"0\.bias: edges start at 1, expected 36",
    ),
    "2 a block is missing": (
        lambda t: replace(t, blocks=t.blocks[1:]),
        r"0\.bias: edges start at 36, expected 0",
    ),
    "3 edges leave their source group": (
        lambda t: with_block(t, 0, source_start=1),
        r"0\.weight: its source nodes 1 to 2 leave the group x, 0 to 1",
    ),
    "3 edges leave their target group": (
        lambda t: with_block(t, 0, target_group=0),
        r"0\.weight: its target nodes 2 to 5 leave the group x, 0 to 1",
    ),
    "4 the target map is not injective": (
        lambda t: with_block(t, 0, target_strides=(1, 1, 0, 0, 0)),
        r"0\.weight: two coordinates have one target node",
    ),
    "5 a scalar owns two edges": (
        lambda t: replace(
            t,
            blocks=(
                *t.blocks,
                replace(t.blocks[0], edge_start=t.num_edges),
            ),
        ),
        r"0\.weight: its 36 scalars own 72 edges",
    ),
    "5 a scalar owns no edge": (
        lambda t: with_block(t, 0, tied=True),
        r"0\.weight: its 36 scalars own 0 edges",
    ),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violated_invariant_of_the_structure_is_named(name: str) -> None:
    damage, message = VIOLATIONS[name]
    graph = cnn()
    damaged = damage(graph.template)
    with pytest.raises(graphgen.GraphError, match=message):
        verify_template(damaged)
    with pytest.raises(graphgen.GraphError, match=message):
        graphgen.verify(replace(graph, template=damaged))


def test_an_injective_source_map_may_run_backwards() -> None:
    template = cnn().template
    block = template.blocks[0]
    backwards = with_block(
        template,
        0,
        source_start=block.source_start + 1,
        source_strides=(-1, *block.source_strides[1:]),
    )
    verify_template(backwards)
    # Rows of taps that lie on nodes of their own: no two coordinates may share one.
    merged = with_block(template, 0, source_group=1, source_start=2, source_strides=(1, 0, 0, 1, 0))
    with pytest.raises(graphgen.GraphError, match="two coordinates have one source node"):
        verify_template(merged)


def test_a_weight_that_is_no_view_is_named() -> None:
    graph = cnn()
    first, *rest = graph.blocks
    assert first.weight is not None
    copied = replace(first, weight=first.weight.copy())
    vars(graph)["blocks"] = (copied, *rest)
    with pytest.raises(
        graphgen.GraphError, match=r"0\.weight: the weight is a copy of '0\.weight'"
    ):
        graphgen.verify(graph)
    for weight in (None, first.weight[0]):
        vars(graph)["blocks"] = (replace(first, weight=weight), *rest)
        with pytest.raises(graphgen.GraphError, match=r"does not have the shape \(2, 2, 1, 3, 3\)"):
            graphgen.verify(graph)


def test_compiling_costs_nothing_for_a_large_network() -> None:
    # 10^12 parameters that share one number in memory: to read or copy them would take hours.
    width = 10**6
    net = spec.loads(
        f"inputs: {{x: [{width}]}}\nlayers: [{{linear: {{out_features: {width}}}}}, relu, "
        f"{{linear: {{out_features: 1}}}}]"
    )
    zero = np.zeros((), dtype=np.float32)
    weights = {name: np.broadcast_to(zero, shape) for name, shape in net.parameters.items()}
    tracemalloc.start()
    start = time.perf_counter()
    graph = graphgen.compile(net, weights)
    graph.verify()
    seconds = time.perf_counter() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert graph.num_edges == width**2 + 2 * width + 1
    assert seconds < 0.5
    assert peak < 2**20
    assert all(np.shares_memory(block.weight, zero) for block in graph.blocks)


def test_a_template_is_shared_by_networks_of_one_architecture() -> None:
    a, b = spec.loads(CNN), spec.loads("name: other\n" + CNN)
    assert graphgen.template(a) is graphgen.template(b)
    wider = spec.loads(CNN.replace("out_features: 3", "out_features: 4"))
    assert graphgen.template(wider).hash != graphgen.template(a).hash
    with pytest.raises(graphgen.GraphError, match="unknown kind of graph 'circuit'"):
        graphgen.template(a, "circuit")
