"""Features: what differs between two structures differs in the columns, and names do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

import graphgen
import spec
from graphgen import EdgeBlock, NodeGroup, Template
from graphgen.features import EDGE_NAMES, NODE_NAMES
from graphgen.features.edges import BLOCK_NAMES, block_columns, coordinate_columns
from graphgen.features.nodes import GROUP_NAMES, group_columns, place_columns
from graphgen.features.row import FINGERPRINT
from graphgen.kinds import COORDINATES, EDGE_KINDS, NODE_KINDS, ROLES
from graphgen.template import Attributes, Step
from graphgen.testing import random_weights
from spec.testing import EQUALS, TWINS, families, networks
from spec.testing.examples import EXAMPLES, example_texts

NETS = Path(spec.__file__).parent / "nets"
MLP = """
inputs: {x: [3]}
layers: [{linear: {out_features: 4}}, relu, {linear: {out_features: 2}}]
"""


def structure(text: str) -> Template:
    return graphgen.template(spec.loads(text))


def arrays(template: Template) -> list[NDArray[Any]]:
    found = graphgen.features(template)
    return [found.nodes, found.edges, template.edge_index()]


def alike(a: Template, b: Template) -> bool:
    """Whether two structures have the same features, row by row."""
    pairs = zip(arrays(a)[:2], arrays(b)[:2], strict=True)
    return all(np.array_equal(x, y) for x, y in pairs)


def sorted_rows(template: Template) -> list[list[list[float]]]:
    """The features of nodes and of edges, in an order of their own."""
    return [sorted(array.tolist()) for array in arrays(template)[:2]]


# ---------------------------------------------------------------------------- the columns


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


# ------------------------------------------------------------- two functions, two arrays


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("kind", ["parameter", "computation"])
def test_functions_that_differ_have_other_arrays(name: str, kind: str) -> None:
    a, b = (graphgen.template(spec.loads(text), kind) for text in TWINS[name])
    pairs = zip([*arrays(a), a.edge_parameters()], [*arrays(b), b.edge_parameters()], strict=True)
    assert not all(np.array_equal(x, y) for x, y in pairs)


@pytest.mark.parametrize("name", EQUALS)
def test_what_does_not_matter_is_in_no_column(name: str) -> None:
    a, b = (structure(text) for text in EQUALS[name])
    assert sorted_rows(a) == sorted_rows(b)


def without_names(template: Template) -> Template:
    tensors = {tensor.name: f"<{i}>" for i, tensor in enumerate(template.tensors)}
    return replace(
        template,
        architecture="",
        node_groups=tuple(replace(g, name=f"group {g.start}") for g in template.node_groups),
        blocks=tuple(
            replace(b, name=f"block {b.edge_start}", layer="", tensor=tensors.get(b.tensor or ""))
            for b in template.blocks
        ),
        tensors=tuple(replace(t, name=tensors[t.name], dtype="float8") for t in template.tensors),
    )


@given(networks())
def test_names_and_dtypes_are_in_no_column(net: spec.Architecture) -> None:
    template = graphgen.template(net)
    assert alike(template, without_names(template))


def edited(value: Any) -> Iterator[Any]:
    """Give values near to one of an attribute."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value + 7)
    elif isinstance(value, float):
        yield from (value + 1e-3, 2 * value + 1, 1e-3 * value + 1e-14)
    elif isinstance(value, str):
        yield value + "x"
    elif isinstance(value, tuple):
        yield (*value, 1)
        if value[1:]:
            yield value[:-1]
            if value[::-1] != value:
                yield value[::-1]
        for place, item in enumerate(value):
            for other in edited(item):
                yield (*value[:place], other, *value[place + 1 :])


def edited_attributes(attributes: Attributes) -> Iterator[Attributes]:
    for place, (name, value) in enumerate(attributes):
        for other in edited(value):
            yield (*attributes[:place], (name, other), *attributes[place + 1 :])
    yield (*attributes, ("record", ((1, 2), "p")))


def edited_steps(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    yield (*steps, Step("tanh"))
    yield (*steps, Step("unheard"))
    for place, step in enumerate(steps):
        before, after = steps[:place], steps[place + 1 :]
        yield (*before, *after)
        other = "relu" if step.operation != "relu" else "gelu"
        yield (*before, replace(step, operation=other), *after)
        for attributes in edited_attributes(step.attributes):
            yield (*before, replace(step, attributes=attributes), *after)
        if after and after[0] != step:
            yield (*before, after[0], step, *after[1:])


def edited_groups(group: NodeGroup) -> Iterator[NodeGroup]:
    yield replace(group, kind=NODE_KINDS[NODE_KINDS.index(group.kind) - 1])
    yield replace(group, kind="unheard")
    yield replace(group, output=group.output + 1)
    yield replace(group, shape=(1, group.size))
    yield from (replace(group, steps=steps) for steps in edited_steps(group.steps))
    for attributes in edited_attributes(group.attributes):
        yield replace(group, attributes=attributes)


def edited_blocks(block: EdgeBlock) -> Iterator[EdgeBlock]:
    yield replace(block, kind=EDGE_KINDS[EDGE_KINDS.index(block.kind) - 1])
    yield replace(block, kind="unheard")
    yield replace(block, step=block.step + 1)
    yield replace(block, step=block.step + 40)
    if block.tensor is None and not block.coefficients:
        yield replace(block, constant=block.constant + 0.25)
        yield replace(block, constant=-block.constant)
    elif block.coefficients:
        yield replace(block, coefficients=tuple(2 * c for c in block.coefficients))
    for place, role in enumerate(block.axes):
        other = ROLES[ROLES.index(role) - 1]
        yield replace(block, axes=(*block.axes[:place], other, *block.axes[place + 1 :]))
        yield replace(block, axes=(*block.axes[:place], "unheard", *block.axes[place + 1 :]))
    for attributes in edited_attributes(block.attributes):
        yield replace(block, attributes=attributes)


def edits(template: Template) -> Iterator[Template]:
    """Give structures that differ from one in a single thing that it says."""
    for place, group in enumerate(template.node_groups):
        for other in edited_groups(group):
            groups = (*template.node_groups[:place], other, *template.node_groups[place + 1 :])
            yield replace(template, node_groups=groups)
    for place, block in enumerate(template.blocks):
        for changed in edited_blocks(block):
            blocks = (*template.blocks[:place], changed, *template.blocks[place + 1 :])
            yield replace(template, blocks=blocks)
    owning = {tensor.name for tensor in template.edge_tensors}
    for place, tensor in enumerate(template.tensors):
        if tensor.name in owning:
            turned = replace(tensor, trainable=not tensor.trainable)
            tensors = (*template.tensors[:place], turned, *template.tensors[place + 1 :])
            yield replace(template, tensors=tensors)


def shared(template: Template) -> tuple[list[list[float]], list[list[float]]]:
    """What is said of groups and of blocks; much smaller than the features of nodes and edges."""
    return group_columns(template).tolist(), block_columns(template).tolist()


def check_edits(template: Template, most: int, rng: np.random.Generator) -> int:
    """Check some structures that differ from one in a single thing; give their number."""
    every = [other for other in edits(template) if other != template]
    chosen = rng.permutation(len(every))[:most]
    own = shared(template)
    for number in chosen:
        assert shared(every[number]) != own, every[number]
    return len(chosen)


def examples() -> Iterator[Template]:
    for type_ in EXAMPLES:
        for text in example_texts(type_):
            for kind in ("parameter", "computation"):
                yield graphgen.template(spec.loads(text), kind)


def test_whatever_one_thing_is_changed_a_column_changes() -> None:
    rng = np.random.default_rng(0)
    small = (template for template in examples() if len(template.blocks) < 60)
    assert sum(check_edits(template, 40, rng) for template in small) > 3000


@given(families())
@settings(max_examples=20)
def test_whatever_is_changed_in_any_network_a_column_changes(net: spec.Architecture) -> None:
    check_edits(graphgen.template(net), 10, np.random.default_rng(0))


@pytest.mark.long
@given(families())
@settings(max_examples=200)
def test_whatever_is_changed_in_any_network_a_column_changes_long(net: spec.Architecture) -> None:
    check_edits(graphgen.template(net), 100, np.random.default_rng(0))


def test_control_an_edit_of_a_name_changes_no_column() -> None:
    template = structure(MLP)
    assert shared(without_names(template)) == shared(template)


def test_more_steps_than_are_usual_are_told_apart() -> None:
    many = ["relu", "tanh", "gelu", "silu", "elu"] * 8
    text = "inputs: {x: [3]}\nlayers: [{linear: {out_features: 2}}, %s]"
    template = structure(text % ", ".join(many))
    assert max(len(group.steps) for group in template.node_groups) > 40
    swapped = [*many[:-2], many[-1], many[-2]]
    assert not alike(template, structure(text % ", ".join(swapped)))
    assert alike(template, structure(text % ", ".join(many)))


# ------------------------------------------------------------------------- shared tensors

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
  - linear: {inputs: x, out_features: 4, name: a}
  - relu: {name: ra}
  - linear: {inputs: x, out_features: 4, name: b%s}
  - relu: {name: rb}
  - add: {inputs: [ra, rb]}
  - linear: {out_features: 2, name: head}
"""


@pytest.mark.parametrize("parameters", ["", ", parameters: {weight: a.weight}"])
def test_alike_branches_have_alike_columns(parameters: str) -> None:
    """Else a metanet could tell branches apart that a symmetry exchanges."""
    template = structure(TWO_BRANCHES % parameters)
    rows = dict(zip([b.name for b in template.blocks], shared(template)[1], strict=True))
    other = "a.weight@b" if parameters else "b.weight"
    assert rows["a.weight"] == rows[other]
    assert rows["a.bias"] == rows["b.bias"]
    assert rows["a.weight"] != rows["head.weight"]


# ----------------------------------------------------------------------------- coordinates


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
