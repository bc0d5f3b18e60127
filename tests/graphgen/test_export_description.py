from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen import Graph, GraphError
from graphgen.export.description import describe, restore_weights
from graphgen.testing import random_weights

NET = """
inputs: {x: [2]}
layers:
  - linear: {out_features: 2, name: first}
  - batch_norm: {name: norm}
  - linear: {out_features: 2, name: second, parameters: {weight: first.weight}}
"""


@pytest.fixture
def graph() -> Graph:
    net = spec.loads(NET)
    return graphgen.compile(net, random_weights(net, np.random.default_rng(0)))


def test_a_description_is_the_structure_and_what_has_no_edge(graph: Graph) -> None:
    content = json.loads(describe(graph))
    assert content["structure"] == json.loads(json.dumps(graph.template.describe()))
    assert content["hash"] == graph.template.hash
    counter = "norm.num_batches_tracked"
    assert content["dtypes"][counter] == "int64"
    assert content["without_edges"] == {counter: [int(graph.tensors[counter])]}


def test_a_tied_edge_cannot_differ(graph: Graph) -> None:
    values = graph.edge_values()
    block = next(block for block in graph.blocks if block.tied)
    values[block.edge_start] += 1
    with pytest.raises(GraphError, match=r"first.weight@second are tied to 'first.weight'"):
        restore_weights(describe(graph), values)


def test_the_number_of_values_is_checked(graph: Graph) -> None:
    with pytest.raises(GraphError, match=f"expected {graph.num_edges} edge values, got \\[1\\]"):
        restore_weights(describe(graph), np.zeros(1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content.update(version=1), "version 1; expected"),
        (lambda content: content.update(format="other"), "a description of 'other'"),
        (lambda content: content["structure"]["blocks"].reverse(), "does not match its digest"),
        (
            lambda content: content["structure"]["tensors"][0].update(name="other"),
            "does not match its digest",
        ),
        (lambda content: content.pop("structure"), "not the description of an exported graph"),
    ],
    ids=["version", "format", "structure", "name", "missing"],
)
def test_a_damaged_description_is_refused(
    change: Callable[[dict[str, Any]], object], words: str, graph: Graph
) -> None:
    content = json.loads(describe(graph))
    change(content)
    with pytest.raises(GraphError, match=words):
        restore_weights(json.dumps(content), graph.edge_values())


@pytest.mark.parametrize("text", ["", "[1]", b"\xff", "3"])
def test_what_is_no_description_is_refused(text: str | bytes) -> None:
    with pytest.raises(GraphError, match="not the description"):
        restore_weights(text, np.zeros(1))
