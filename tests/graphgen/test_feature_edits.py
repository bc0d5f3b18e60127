"""Whatever differs between two structures differs in the columns, and names do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

import graphgen
import spec
from graphgen import EdgeBlock, NodeGroup, Template
from graphgen.features.edges import block_columns
from graphgen.features.nodes import group_columns
from graphgen.kinds import EDGE_KINDS, NODE_KINDS, ROLES
from graphgen.template import Attributes, Step
from graphgen.testing import random_inputs, random_weights, relative_error
from graphgen.testing.symmetric import outputs
from spec.testing import EQUALS, TWINS, networks
from spec.testing.edits import edited as edited_network
from spec.testing.edits import neutral
from spec.testing.examples import EXAMPLES, example_texts
from spec.testing.network import description

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


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("kind", ["parameter", "computation"])
def test_functions_that_differ_have_other_arrays(name: str, kind: str) -> None:
    a, b = (graphgen.template(spec.loads(text), kind) for text in TWINS[name])
    assert told_apart(a, b)


def told_apart(a: Template, b: Template) -> bool:
    mine, theirs = ([*arrays(t), t.edge_parameters()] for t in (a, b))
    return not all(np.array_equal(x, y) for x, y in zip(mine, theirs, strict=True))


def differ(a: spec.Architecture, b: spec.Architecture) -> bool:
    """Whether two networks with the same inputs and tensors compute different functions."""
    rng = np.random.default_rng(0)
    weights, x = random_weights(a, rng), random_inputs(a, rng)
    mine, theirs = outputs(a, weights, x), outputs(b, weights, x)
    if mine.shape != theirs.shape:
        return True
    return relative_error(theirs, mine) > 1e-9


def check_random(seeds: range) -> tuple[int, int]:
    """Check networks beside edited ones; give how many were other functions, and how many not."""
    counts = [0, 0]
    for seed in seeds:
        net = spec.loads(description(Random(seed)))
        template = graphgen.template(net)
        same = neutral(net, Random(seed))
        if graphgen.template(same).hash == template.hash:
            assert not told_apart(template, graphgen.template(same)), seed
        other = edited_network(net, Random(seed))
        if other is None or [*other.tensors] != [*net.tensors]:
            continue  # layers that exchange tensors exchange values, which are in no column
        apart = told_apart(template, graphgen.template(other))
        with np.errstate(all="ignore"):  # an edit may make numbers infinite
            if differ(net, other):
                assert apart, seed
        counts[not apart] += 1
    return counts[0], counts[1]


def test_functions_of_random_networks_that_differ_have_other_arrays() -> None:
    apart, alike = check_random(range(100))
    assert apart > 10
    assert alike > 5


@pytest.mark.long
def test_functions_of_random_networks_that_differ_have_other_arrays_long() -> None:
    apart, _ = check_random(range(100, 6000))
    assert apart > 1000


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


@pytest.mark.parametrize(("base", "near"), [(10000, 10000.001), (1048576.5, 1048576.25)])
def test_numbers_that_a_logarithm_does_not_tell_apart_differ(base: float, near: float) -> None:
    text = "inputs: {x: [3, 4, 8]}\nlayers: [{rotary: {base: %r}}]"
    a, b = (structure(text % one) for one in (base, near))
    assert np.float32(np.log1p(base)) == np.float32(np.log1p(near))
    assert not alike(a, b)


@given(networks())
@settings(max_examples=20)
def test_whatever_is_changed_in_any_network_a_column_changes(net: spec.Architecture) -> None:
    check_edits(graphgen.template(net), 10, np.random.default_rng(0))


@pytest.mark.long
@given(networks())
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
