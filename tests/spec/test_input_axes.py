"""Inputs that say what their axes hold: the description, the graph, and its symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.any_network import (
    Case,
    check_automorphisms,
    check_backends,
    check_order,
    check_round_trip,
    check_symmetric,
)

import graphgen
import spec


def message(text: str) -> str:
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(text)
    return str(caught.value)


def net(axes: str, layers: str = "") -> spec.Architecture:
    layers = layers or "[{linear: {out_features: 4}}, relu, {linear: {out_features: 2}}]"
    return spec.loads(f"inputs: {{x: {{shape: [3, 5], axes: {axes}}}}}\nlayers: {layers}")


def nodes(net: spec.Architecture) -> tuple[int, ...]:
    groups = graphgen.template(net).node_groups
    return tuple(group.size for group in groups if group.kind == "input")


@pytest.mark.parametrize(
    ("axes", "count"),
    [
        ("[items, features]", 5),
        ("[items, channels]", 5),
        ("[features, items]", 3),
        ("[tokens, time]", 1),
        ("[nodes, nodes]", 1),
        ("[channels, features]", 15),
    ],
)
def test_the_axis_of_features_has_a_node_for_each(axes: str, count: int) -> None:
    said = net(axes)
    assert nodes(said) == (count,)
    case, group = Case(said), graphgen.symmetries(said)
    check_backends(case)
    check_round_trip(case)
    check_automorphisms(case)
    check_symmetric(case, group)
    check_order(group)
    assert group.order == 24
    assert graphgen.template(said).num_edges == graphgen.compile(said, case.weights).num_edges


def test_what_is_said_as_it_would_be_found_changes_no_graph() -> None:
    said = net("[items, features]")
    layers = "[{linear: {out_features: 4}}, relu, {linear: {out_features: 2}}]"
    unsaid = spec.loads(f"inputs: {{x: [3, 5]}}\nlayers: {layers}")
    assert said.hash != unsaid.hash
    assert graphgen.template(said).hash == graphgen.template(unsaid).hash
    assert graphgen.template(net("[features, items]")).hash != graphgen.template(unsaid).hash


def test_a_channel_last_image_compiles_as_it_is() -> None:
    text = """
inputs: {{image: {{shape: [6, 6, 3], axes: [height, width, {name}]}}}}
layers:
  - transpose: {{dim0: 1, dim1: 3}}
  - conv2d: {{out_channels: 4, kernel_size: 3}}
  - relu
  - mean: {{dim: [2, 3]}}
  - linear: {{out_features: 2}}
"""
    last = spec.loads(text.format(name="channels"))
    assert nodes(last) == (3,)
    assert graphgen.symmetries(last).order == 24
    assert spec.loads(text.format(name="features")).hash != last.hash


def test_two_functions_of_what_is_said_have_two_graphs() -> None:
    """A map of the last axis, and one of the first behind a transposition."""
    turned = "[{transpose: {dim0: 1, dim1: 2}}, {linear: {out_features: 4}}]"
    for axes in ("[a, b]", "[features, b]", "[a, features]", "[features, features]"):
        square = [
            spec.loads(f"inputs: {{x: {{shape: [3, 3], axes: {axes}}}}}\nlayers: {layers}")
            for layers in ("[{linear: {out_features: 4}}]", turned)
        ]
        first, second = map(graphgen.template, square)
        assert first.hash != second.hash


GRAPH = """
inputs:
  adjacency: {{shape: [4, 4], axes: [{rows}, {columns}]}}
  x: {{shape: [4, 3], axes: [nodes, features]}}
layers:
  - {first}: {{inputs: adjacency, name: edges}}
  - linear: {{inputs: x, out_features: 5, bias: false}}
  - matmul: {{inputs: [edges, "1"]}}
  - relu: {{name: hidden}}
  - linear: {{out_features: 4, bias: false}}
  - matmul: {{inputs: [edges, "4"]}}
  - relu
  - mean: {{dim: 1}}
  - linear: {{out_features: 2}}
"""


@pytest.mark.parametrize("first", ["nodes", "features"])
@pytest.mark.parametrize("second", ["nodes", "features"])
def test_a_graph_network_takes_its_adjacency_as_an_input(first: str, second: str) -> None:
    """Two layers of Kipf and Welling (2017), with 5 and 4 features."""
    said = {"rows": first, "columns": second}
    net = spec.loads(GRAPH.format(**said, first="identity"))
    assert nodes(net) == (4 ** [first, second].count("features"), 3)
    case, group = Case(net), graphgen.symmetries(net)
    check_backends(case)
    check_round_trip(case)
    check_automorphisms(case)
    check_symmetric(case, group)
    check_order(group)
    assert group.order == 120 * 24
    turned = GRAPH.format(**said, first="transpose").replace(
        "{inputs: adjacency", "{dim0: 1, dim1: 2, inputs: adjacency"
    )
    assert graphgen.template(spec.loads(turned)).hash != graphgen.template(net).hash


def test_the_resolved_form_says_the_same() -> None:
    said = spec.loads("""
vars: {kind: features}
inputs:
  - x: {shape: [3, "${2 + 3}"], axes: ["a$$b", $kind]}
  - y: [3, 5]
  - z: {shape: [3, 5]}
layers: [{add: {inputs: [x, y, z]}}]
""")
    assert dict(said.axes) == {"x": ("a$b", "features")}
    again = spec.from_resolved(said.resolved())
    assert again.hash == said.hash
    assert again.axes == said.axes
    assert again.resolved()["inputs"][0] == {"x": {"shape": [3, 5], "axes": ["a$$b", "features"]}}


REFUSED = [  # what is written of an input, words of the message, its column
    ("{shape: [3, 4], axes: [a]}", "`axes`: expected 2 names, one for each axis, got 1", 35),
    ("{shape: [3, 4], axes: [a, b, c]}", "expected 2 names", 35),
    ("{shape: [3, 4], axes: [feature, b]}", "did you mean 'features'?", 36),
    ("{shape: [3, 4], axes: [a, chanels]}", "did you mean 'channels'?", 39),
    ("{shape: [3, 4], axes: [a, 3]}", "expected a string", 39),
    ("{shape: [3, 4], axes: [a, '${3}']}", "expected a name, got 3", 39),
    ("{shape: [3, 4], axes: features}", "expected a list of", 35),
    ("{shape: [3, 4], axes: $names}", "expected a list of names, got 5", 35),
    ("{shape: [3, 4], axis: [a, b]}", "did you mean 'axes'?", 29),
    ("{axes: [a, b]}", "needs the field `shape`", 10),
    ("{shape: [], axes: []}", "`shape`: expected", 21),
    ("{shape: [3, 0], axes: [a, b]}", "at least 1", 25),
    ("{shape: 3, axes: [a]}", "`shape`: expected", 21),
    ("3", "`x`: expected a list", 13),
]


@pytest.mark.parametrize(("written", "words", "column"), REFUSED)
def test_what_is_wrong_is_told_in_its_place(written: str, words: str, column: int) -> None:
    found = message(f"vars: {{names: 5}}\ninputs: {{x: {written}}}\nlayers: [relu]")
    assert words in found
    assert f"<text>:2:{column}:" in found
    assert found.count("<text>:") == 1


def test_an_input_of_indices_has_no_features() -> None:
    text = """
inputs: {{t: {{shape: [3], axes: [{axis}]}}}}
layers: [{{embedding: {{num_embeddings: 5, embedding_dim: 2}}}}]
"""
    assert nodes(spec.loads(text.format(axis="tokens"))) == (5,)
    assert "'t' holds indices into a table" in message(text.format(axis="features"))


def test_evaluation_does_not_look_at_what_is_said() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 3, 5))
    first, second = net("[features, a]"), net("[a, features]")
    weights = graphgen.testing.random_weights(first, rng)
    found, expected = (graphgen.evaluate(each, weights, x) for each in (first, second))
    np.testing.assert_array_equal(found, expected)
