"""Two spellings of one function have one graph."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles.spellings import FAMILIES, OTHERS, network

import graphgen
import spec
from graphgen.canonical import canonical_form
from graphgen.testing import colours, random_inputs, random_weights, relative_error, tolerance
from graphgen.testing.symmetric import outputs

CASES = [
    pytest.param(family, spelling, id=f"{family}: {spelling}")
    for family, (_, spellings) in FAMILIES.items()
    for spelling in spellings
]
Arrays = dict[str, NDArray[Any]]


def first(family: str) -> spec.Architecture:
    inputs, spellings = FAMILIES[family]
    return network(inputs, next(iter(spellings.values())))


def rows(template: graphgen.Template) -> tuple[Counter[str], Counter[str]]:
    """Count nodes and edges by their features, which metanets read."""
    found = graphgen.features(template)
    nodes, edges = found.nodes.tolist(), found.edges.tolist()
    return Counter(map(repr, nodes)), Counter(map(repr, edges))


def test_attention_is_spelled_in_sixteen_ways_and_more() -> None:
    assert len(FAMILIES["attention"][1]) > 16


@pytest.mark.parametrize(("family", "spelling"), CASES)
def test_a_spelling_has_the_graph_of_the_first(family: str, spelling: str) -> None:
    inputs, spellings = FAMILIES[family]
    a, b = first(family), network(inputs, spellings[spelling])
    one, other = graphgen.template(a), graphgen.template(b)
    assert canonical_form(other) == canonical_form(one)
    assert other.hash == one.hash
    assert colours(other) == colours(one)
    assert rows(other) == rows(one)
    assert graphgen.symmetries(b).order == graphgen.symmetries(a).order > 1


@pytest.mark.parametrize(("family", "spelling"), CASES)
def test_a_spelling_computes_what_the_first_does(family: str, spelling: str) -> None:
    inputs, spellings = FAMILIES[family]
    a, b = first(family), network(inputs, spellings[spelling])
    rng = np.random.default_rng(0)
    weights, x = random_weights(a, rng), random_inputs(a, rng)
    renamed = dict(zip(sorted(b.tensors), (weights[name] for name in sorted(weights)), strict=True))
    expected = outputs(a, weights, x)
    assert relative_error(outputs(b, renamed, x), expected) < tolerance("float64")


@pytest.mark.parametrize("name", OTHERS)
def test_another_function_has_another_graph(name: str) -> None:
    family, layers = OTHERS[name]
    a, b = first(family), network(FAMILIES[family][0], layers)
    rng = np.random.default_rng(0)
    weights, x = random_weights(a, rng), random_inputs(a, rng)
    renamed = dict(zip(sorted(b.tensors), (weights[name] for name in sorted(weights)), strict=True))
    assert relative_error(outputs(b, renamed, x), outputs(a, weights, x)) > 1e-6
    assert graphgen.template(a).hash != graphgen.template(b).hash


def test_attention_layers_are_what_they_are_made_of() -> None:
    inputs, spellings = FAMILIES["attention"]
    whole = network(
        inputs,
        [
            "multihead_attention: {num_heads: 2, head_dim: 3, packed: false}",
            "relu",
            "mean: {dim: 1}",
            "linear: {out_features: 2}",
        ],
    )
    parts = network(inputs, next(iter(spellings.values())))
    assert graphgen.template(whole).hash == graphgen.template(parts).hash


@pytest.mark.parametrize("name", ["bert", "cnn", "vit"])
def test_groups_and_blocks_in_any_order_have_one_hash(name: str) -> None:
    structure = graphgen.template(name)
    rng = Random(0)
    places = list(range(len(structure.node_groups)))
    rng.shuffle(places)
    starts, groups = {}, []
    start = 0
    for place in places:
        group = structure.node_groups[place]
        groups.append(replace(group, start=start, name=f"group {place}"))
        starts[place] = start
        start += group.size
    blocks = []
    for block in rng.sample(structure.blocks, len(structure.blocks)):
        moved = {}
        for end in ("source", "target"):
            own = getattr(block, f"{end}_group")
            inside = getattr(block, f"{end}_start") - structure.node_groups[own].start
            moved |= {f"{end}_group": places.index(own), f"{end}_start": starts[own] + inside}
        blocks.append(replace(block, **moved))
    tensors = tuple(rng.sample(structure.tensors, len(structure.tensors)))
    shuffled = replace(structure, node_groups=tuple(groups), blocks=tuple(blocks), tensors=tensors)
    assert shuffled.hash == structure.hash
    last = replace(blocks[-1], step=blocks[-1].step + 1)
    assert replace(shuffled, blocks=(*blocks[:-1], last)).hash != structure.hash


def test_which_of_two_alike_branches_comes_first_does_not_matter() -> None:
    """Where colours tell nothing apart the order of the file decides, and all orders are alike."""
    text = "inputs: {x: [4]}\nlayers:\n  - linear: {out_features: 3, name: i}\n"
    branches = [
        f"  - linear: {{inputs: i, out_features: 2, name: {c}0}}\n  - relu\n"
        f"  - linear: {{out_features: 2, name: {c}1}}\n" for c in "abc"
    ]  # fmt: skip
    end = "  - concat: {inputs: [a1, b1, c1]}\n  - linear: {out_features: 2, name: h}\n"
    one = graphgen.template(spec.loads(text + "".join(branches) + end))
    other = graphgen.template(spec.loads(text + "".join(branches[::-1]) + end))
    assert one.hash == other.hash
