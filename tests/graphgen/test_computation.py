"""Computation graphs: they compute what the network does, and their weights come out again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.testing.round_trip import count_differing
from spec.testing.examples import EXAMPLES, example_texts
from spec.testing.small_nets import SMALL_NETS, small_net

NETS = sorted(Path(spec.__file__).parent.glob("nets/*.yaml"))
TEXTS = [
    pytest.param(text, id=f"{type_}-{place}")
    for type_ in EXAMPLES
    for place, text in enumerate(example_texts(type_))
]
CONV = """
inputs: {x: [2, 5, 5]}
layers:
  - conv2d: {out_channels: 3, kernel_size: 3, padding: 1, stride: 2, name: c}
  - relu
  - flatten
  - linear: {out_features: 2}
"""
TOKENS = """
inputs: {t: [3]}
layers: [{embedding: {num_embeddings: 4, embedding_dim: 2}}]
"""
POSITIONS = """
inputs: {x: [2, 3]}
layers: [{position_embedding: {max_length: 4, name: p}}]
"""


def flat(results: Any) -> Any:
    every = results if isinstance(results, tuple) else (results,)
    return np.concatenate([result.reshape(-1) for result in every])


def check(net: spec.Architecture) -> None:
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    graph = graphgen.compile(net, weights, kind="computation")
    graph.verify()
    expected = flat(graphgen.evaluate(net, weights, *x))
    assert relative_error(flat(graphgen.evaluate(graph, *x)), expected) <= 1e-10
    assert count_differing(graph.weights(), weights) == 0
    again = graph.with_edge_values(graph.edge_values())
    assert count_differing(again.weights(), weights) == 0
    ids = graph.template.edge_parameters()
    scalars = np.concatenate(
        [weights[tensor.name].reshape(-1) for tensor in graph.template.edge_tensors]
        or [np.empty(0)]
    )
    carrying = ids >= 0
    assert np.array_equal(graph.edge_values()[carrying], scalars[ids[carrying]])
    check_single(net, weights, x)


def check_single(net: spec.Architecture, weights: Any, x: Any) -> None:
    arguments = [o.primitive.attributes().get("arguments", ()) for o in net.operations]
    frequency = max((v for pairs in arguments for key, v in pairs if key == "frequency"), default=1)
    # A sine of high frequency wants small weights (Sitzmann et al. 2020, section 3.2): with others
    # what rounding leaves grows with every layer.
    weights = {name: array / frequency if array.ndim > 1 else array
               for name, array in weights.items()}  # fmt: skip
    expected = flat(graphgen.evaluate(net, weights, *x))
    single = {name: array.astype(np.float32) if array.dtype.kind == "f" else array
              for name, array in weights.items()}  # fmt: skip
    inputs = [array.astype(np.float32) if array.dtype.kind == "f" else array for array in x]
    result = flat(graphgen.evaluate(graphgen.compile(net, single, "computation"), *inputs))
    floats = [array for array in (*single.values(), *inputs) if array.dtype.kind == "f"]
    assert result.dtype == (np.float32 if floats else np.float64)
    assert relative_error(result, expected) <= 1e-4


@pytest.mark.parametrize("text", TEXTS)
def test_every_layer_runs_as_a_graph(text: str) -> None:
    check(spec.loads(text))


@pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)
def test_every_reference_network_runs_as_a_graph(path: Path) -> None:
    check(spec.load(path))


@pytest.mark.parametrize("name", SMALL_NETS)
def test_every_small_network_runs_as_a_graph(name: str) -> None:
    check(small_net(name))


def test_weights_stay_views_however_often_they_are_used() -> None:
    net = spec.loads(CONV)
    weights = random_weights(net, np.random.default_rng(0))
    graph = graphgen.compile(net, weights, kind="computation")
    taps = [block for block in graph.blocks if block.tensor == "c.weight"]
    assert len(taps) == 9
    assert all(np.shares_memory(block.weight, weights["c.weight"]) for block in taps)
    # The middle tap falls inside everywhere, the upper left one not in the first row and column.
    assert sorted(block.num_edges // 6 for block in taps) == [4, 4, 4, 4, 6, 6, 6, 6, 9]


def test_a_wrong_edge_changes_what_the_graph_computes() -> None:
    net = spec.loads(CONV)
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    graph = graphgen.compile(net, weights, kind="computation")
    expected = graphgen.evaluate(graph, *x)
    values, ids = graph.edge_values(), graph.template.edge_parameters()
    values[ids == 0] += 1
    moved = graphgen.evaluate(graph.with_edge_values(values), *x)
    assert relative_error(moved, expected) > 1e-3
    values[np.flatnonzero(ids == 0)[0]] += 1
    with pytest.raises(graphgen.GraphError, match=r"are tied to 'c\.weight'"):
        graph.with_edge_values(values)


def test_what_cannot_be_run_is_refused() -> None:
    net = spec.loads(CONV)
    weights = random_weights(net, np.random.default_rng(0))
    with pytest.raises(graphgen.GraphError, match="a parameter graph cannot be run"):
        graphgen.evaluate(graphgen.compile(net, weights), np.zeros((1, 2, 5, 5)))
    graph = graphgen.compile(net, weights, "computation")
    with pytest.raises(graphgen.GraphError, match=r"input 'x': expected .*2, 5, 5"):
        graphgen.evaluate(graph, np.zeros((1, 2, 5, 6)))
    with pytest.raises(graphgen.GraphError, match=r"expected 1 inputs \(x\), got 2"):
        graphgen.evaluate(graph, np.zeros((1, 2, 5, 5)), np.zeros((1, 2, 5, 5)))
    tokens = spec.loads(
        "inputs: {t: [3]}\nlayers: [{embedding: {num_embeddings: 4, embedding_dim: 2}}]"
    )
    table = graphgen.compile(
        tokens, random_weights(tokens, np.random.default_rng(0)), "computation"
    )
    with pytest.raises(graphgen.GraphError, match="expected indices from 0 to 3, got 0 to 4"):
        graphgen.evaluate(table, np.array([[0, 1, 4]]))


def test_dead_nodes_are_reported() -> None:
    net = spec.loads(
        "inputs: {x: [2, 3]}\nlayers: [{position_embedding: {max_length: 4, name: p}}]"
    )
    dead = graphgen.template(net, "computation").dead_nodes()
    assert len(dead) == 6
    assert len(graphgen.template(spec.loads(CONV), "computation").dead_nodes()) == 0


def test_an_input_may_be_an_output() -> None:
    net = spec.loads("inputs: {x: [3, 2]}\nlayers: [identity]")
    x = np.random.default_rng(0).normal(size=(4, 3, 2))
    for kind in ("computation", "parameter"):
        graph = graphgen.compile(net, {}, kind=kind)
        assert graph.template.node_groups[-1].output == 0
    assert np.array_equal(graphgen.evaluate(graphgen.compile(net, {}, kind="computation"), x), x)
