"""What a graph says of itself: one line, and in notebooks a small picture."""

from __future__ import annotations

import re

import numpy as np
import pytest

import graphgen
import spec
from graphgen.drawing import notebooks
from graphgen.testing import random_weights

NET = spec.loads("name: <b>small\ninputs: {x: [40]}\nlayers: [linear: {out_features: 30}]")


@pytest.fixture(scope="module", params=["parameter", "computation"])
def graph(request: pytest.FixtureRequest) -> graphgen.Graph:
    weights = random_weights(NET, np.random.default_rng(0), np.float32)
    return graphgen.compile(NET, weights, request.param)


def test_one_line_says_what_it_is(graph: graphgen.Graph) -> None:
    block, group = graph.blocks[0], graph.node_groups[0]
    for item in (graph, graph.template, block, graph.template.blocks[0], group):
        assert len(repr(item).splitlines()) == 1
        assert len(repr(item)) < 300
        assert type(item).__name__ in repr(item)
    for item in (graph, graph.template):
        assert NET.name in repr(item)
        for count in (graph.num_nodes, len(graph.node_groups), graph.num_edges, len(graph.blocks)):
            assert re.search(rf"\b{count:,} ", repr(item))
    assert ("computation" in repr(graph)) == (graph.template.kind == "computation")
    assert block.name in repr(block)
    assert "float32" in repr(block)
    assert "float32" not in repr(graph.template.blocks[0])
    assert repr(graphgen.features(graph)).startswith("<Features: ")


def test_a_notebook_shows_a_picture_with_weights_and_one_without(graph: graphgen.Graph) -> None:
    shown, structure = graph._repr_html_(), graph.template._repr_html_()
    for html in (shown, structure):
        assert "<svg" in html
        assert f"{graph.num_edges:,} edges" in html
        assert "&lt;b&gt;small" in html
        assert "<b>small" not in html
    assert "<image" in shown
    assert "<image" not in structure


def test_of_large_graphs_less_is_drawn(
    graph: graphgen.Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebooks, "MOST_WEIGHTS", graph.num_edges - 1)
    assert graph._repr_html_() == graph.template._repr_html_()
    monkeypatch.setattr(notebooks, "MOST_BLOCKS", len(graph.blocks) - 1)
    assert "<svg" not in graph._repr_html_()
    assert "gmn view" in graph._repr_html_()
