"""Features: their columns, and what tells edges and nodes apart inside of blocks and groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

import graphgen
import spec
from graphgen import Template
from graphgen.features import EDGE_NAMES, NODE_NAMES
from graphgen.features.edges import BLOCK_NAMES, block_columns, coordinate_columns
from graphgen.features.nodes import GROUP_NAMES, group_columns, place_columns
from graphgen.features.row import FINGERPRINT
from graphgen.kinds import COORDINATES
from graphgen.testing import random_weights
from spec.testing import networks

NETS = Path(spec.__file__).parent / "nets"
MLP = """
inputs: {x: [3]}
layers: [{linear: {out_features: 4}}, relu, {linear: {out_features: 2}}]
"""


def structure(text: str) -> Template:
    return graphgen.template(spec.loads(text))


def alike(a: Template, b: Template) -> bool:
    """Whether two structures have the same features, row by row."""
    mine, theirs = graphgen.features(a), graphgen.features(b)
    return np.array_equal(mine.nodes, theirs.nodes) and np.array_equal(mine.edges, theirs.edges)


@given(networks())
def test_features_are_those_of_groups_and_blocks_and_what_differs_inside(
    net: spec.Architecture,
) -> None:
    template = graphgen.template(net)
    found = graphgen.features(template)
    assert (found.node_names, found.edge_names) == (NODE_NAMES, EDGE_NAMES)
    assert found.nodes.shape == (template.num_nodes, len(NODE_NAMES))
    assert found.edges.shape == (template.num_edges, len(EDGE_NAMES))
    assert found.nodes.dtype == found.edges.dtype == np.float32
    for group, row in zip(template.node_groups, group_columns(template), strict=True):
        part = found.nodes[group.start : group.start + group.size]
        assert (part[:, : len(GROUP_NAMES)] == row).all()
        assert (part[:, len(GROUP_NAMES) :] == place_columns(group)).all()
        assert part[0, GROUP_NAMES.index(f"kind_{group.kind}")] == 1
    for block, row in zip(template.blocks, block_columns(template), strict=True):
        part = found.edges[block.edge_start : block.edge_start + block.num_edges]
        assert (part[:, : len(BLOCK_NAMES)] == row).all()
        grid = np.broadcast_to(coordinate_columns(block), (*block.shape, 4))
        assert (part[:, len(BLOCK_NAMES) :] == grid.reshape(-1, 4)).all()
        assert part[0, BLOCK_NAMES.index(f"kind_{block.kind}")] == 1


def test_names_are_told_apart_and_can_be_written_anywhere() -> None:
    for names in (NODE_NAMES, EDGE_NAMES):
        assert len(set(names)) == len(names)
        assert all(name.isidentifier() and name.islower() for name in names)


def test_every_column_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "exports.md").read_text(
        encoding="utf-8"
    )
    words = set(re.findall(r"`(\w+\*?)`", page))
    for first, last in re.findall(r"`(\w+_0)` to `_(\d)`", page):
        words |= {f"{first[:-1]}{number}" for number in range(int(last) + 1)}
    prefixes = tuple(word[:-1] for word in words if word.endswith("*"))
    assert [
        n for n in NODE_NAMES + EDGE_NAMES if not n.startswith(prefixes) and n not in words
    ] == []
    assert "undocumented" not in words


def test_what_is_given_is_a_graph_or_a_template() -> None:
    net = spec.loads(MLP)
    weights = random_weights(net, np.random.default_rng(0))
    graph = graphgen.compile(net, weights)
    assert (graphgen.features(graph).edges == graphgen.features(graph.template).edges).all()
    with pytest.raises(graphgen.GraphError, match="an Architecture; expected a graph or a"):
        graphgen.features(net)  # type: ignore[arg-type]


def test_columns_say_what_they_are_called() -> None:
    template = structure("""
inputs: {x: [2, 6, 6]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1, groups: 2}
  - batch_norm: {eps: 0.001}
  - leaky_relu: {negative_slope: 0.2}
  - flatten
  - linear: {out_features: 3}
""")
    found = graphgen.features(template)
    nodes = dict(zip(found.node_names, found.nodes.T, strict=True))
    edges = dict(zip(found.edge_names, found.edges.T, strict=True))
    channels, outputs = slice(2, 6), slice(11, 14)
    assert nodes["step_leaky_relu"][channels].tolist() == [1] * 4
    assert nodes["step_bias"][channels].tolist() == [2] * 4
    assert nodes["at_leaky_relu"][2] == 4 / 8
    assert nodes["slope"][2] == np.float32(0.2)
    assert nodes["eps"][2] == pytest.approx(-3 / 5)
    assert nodes["log_size"][2] == pytest.approx(np.log(4))
    assert nodes["place"][outputs] == pytest.approx([1 / 6, 3 / 6, 5 / 6])
    assert nodes["place"][:2] == pytest.approx([1 / 4, 3 / 4])
    assert nodes["place"][2:11].tolist() == [0] * 9
    assert (edges["stride"][0], edges["padding"][0], edges["dilation"][0]) == (2, 1, 1)
    assert edges["groups"][0] == pytest.approx(np.log(2))
    taps = np.stack([edges[f"coordinate_{axis}"][:9] for axis in range(3)], axis=1)
    assert taps.tolist() == [[y, x, 0] for y in (-1, 0, 1) for x in (-1, 0, 1)]
    assert not edges["trainable"][np.array(edges["kind_mean"], bool)].any()
    assert edges["parameter"].all()
    for names, columns in ((found.node_names, nodes), (found.edge_names, edges)):
        assert all(not columns[name].any() for name in names if name in FINGERPRINT)


SHARED = """
inputs: {x: [4]}
layers:
  - linear: {out_features: 4, name: a, bias: false}
  - tanh
  - linear: {out_features: 4, name: b, bias: false%s}
  - relu
  - linear: {out_features: 4, name: c, bias: false%s}
"""


def test_what_a_tensor_is_shared_with_is_told() -> None:
    of_a = ", parameters: {weight: a.weight}"
    of_b = ", parameters: {weight: b.weight}"
    versions = [SHARED % pair for pair in (("", ""), (of_a, ""), ("", of_a), ("", of_b))]
    templates = [structure(text) for text in versions]
    for i, a in enumerate(templates):
        assert [alike(a, b) for b in templates] == [i == j for j in range(len(templates))]


TWO_BRANCHES = """
inputs: {x: [4]}
layers:
  - linear: {inputs: x, out_features: 3, name: before a}
  - linear: {out_features: 4, name: a}
  - relu: {name: ra}
  - linear: {inputs: x, out_features: 3, name: before b}
  - linear: {out_features: 4, name: b%s}
  - relu: {name: rb}
  - add: {inputs: [ra, rb]}
  - linear: {out_features: 2, name: head}
"""


@pytest.mark.parametrize("parameters", ["", ", parameters: {weight: a.weight}"])
def test_alike_branches_have_alike_columns(parameters: str) -> None:
    """Else a metanet could tell branches apart that a symmetry exchanges."""
    template = structure(TWO_BRANCHES % parameters)
    columns = block_columns(template).tolist()
    rows = dict(zip([block.name for block in template.blocks], columns, strict=True))
    other = "a.weight@b" if parameters else "b.weight"
    assert rows["a.weight"] == rows[other]
    assert rows["a.bias"] == rows["b.bias"]
    assert rows["a.weight"] != rows["head.weight"]


def owners(template: Template) -> NDArray[np.int64]:
    """The edge that owns each scalar, or -1."""
    parameters = template.edge_parameters()
    result = np.full(sum(prod(tensor.shape) for tensor in template.edge_tensors), -1)
    for block in template.blocks:
        if block.tensor is not None and not block.tied:
            edges = np.arange(block.edge_start, block.edge_start + block.num_edges)
            result[parameters[edges]] = edges
    return result


def exchanged(net: spec.Architecture, element: Any) -> Iterator[tuple[int, int]]:
    """Give pairs of edges of which an element moves one to the other."""
    template = graphgen.template(net)
    weights = {tensor.name: np.zeros(tensor.shape, tensor.dtype) for tensor in template.tensors}
    start = 0
    for tensor in template.edge_tensors:
        numbers = np.arange(start, start + prod(tensor.shape), dtype=np.float64)
        weights[tensor.name] = numbers.reshape(tensor.shape)
        start += prod(tensor.shape)
    moved, owner = element.apply(weights), owners(template)
    for tensor in template.edge_tensors:
        pairs = (owner[each[tensor.name].reshape(-1).astype(int)] for each in (weights, moved))
        yield from zip(*pairs, strict=True)


@pytest.mark.parametrize("path", sorted(NETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_a_symmetry_exchanges_has_the_same_columns(path: Path) -> None:
    """Else no metanet that reads them could be invariant."""
    net = spec.load(path)
    found = graphgen.features(graphgen.template(net)).edges
    element = graphgen.symmetries(net).sample(np.random.default_rng(0))
    pairs = [(a, b) for a, b in exchanged(net, element) if a != b and min(a, b) >= 0]
    first, second = np.array(pairs).T
    assert np.array_equal(found[first], found[second])
    assert not np.array_equal(found[first], np.roll(found[second], 1, axis=0))


@pytest.mark.parametrize("axes", range(1, 8))
def test_edges_along_any_number_of_axes_are_told_apart(axes: int) -> None:
    shape = [2, *([2, 3] * axes)[:axes]]
    template = structure(
        f"inputs: {{x: {shape}}}\nlayers: [flatten, {{linear: {{out_features: 3}}}}]"
    )
    block = next(block for block in template.blocks if "position" in block.axes)
    assert block.axes.count("position") == axes
    found = graphgen.features(template).edges
    part = found[block.edge_start : block.edge_start + block.num_edges]
    ends = template.edge_index()[:, block.edge_start : block.edge_start + block.num_edges]
    assert len(np.unique(np.column_stack([ends.T, part]), axis=0)) == block.num_edges
    own = part[:, -4:].reshape(*block.shape, 4)
    for column, axis in enumerate([i for i, r in enumerate(block.axes) if r in COORDINATES][:3]):
        expected = np.linspace(-1, 1, block.shape[axis], dtype=np.float32)
        assert (np.moveaxis(own[..., column], axis, -1) == expected).all()
    assert own[..., 3].any() == (axes > 3)


def test_how_further_axes_are_cut_is_told() -> None:
    two, three = (
        structure(f"inputs: {{x: [2, 2, 2, 2, {rest}]}}\nlayers: [flatten, {{linear: "
                  "{out_features: 1}}]")
        for rest in ("2, 3", "3, 2")
    )  # fmt: skip
    assert not alike(two, three)


def test_a_single_place_stands_at_zero() -> None:
    block = structure("""
inputs: {x: [2, 5, 5]}
layers: [{conv2d: {out_channels: 2, kernel_size: [1, 3]}}]
""").blocks[0]
    grid = coordinate_columns(block)
    assert grid.shape == (1, 1, 1, 3, 4)
    assert not grid[..., 0].any()


@pytest.mark.parametrize("path", sorted(NETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_reference_network_has_features(path: Path) -> None:
    template = graphgen.template(spec.load(path))
    found = graphgen.features(template)
    assert np.abs(found.nodes).max() < 40
    assert np.abs(found.edges).max() < 40
