from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

import graphgen
import spec
from graphgen.testing import assert_separates, colours, random_inputs, random_weights
from graphgen.testing import relative_error as error_of
from graphgen.testing.symmetric import outputs
from spec.testing import EQUALS, TWINS, networks


@pytest.mark.parametrize("name", TWINS)
def test_different_functions_have_different_graphs(name: str) -> None:
    a, b = (spec.loads(text) for text in TWINS[name])
    assert assert_separates(a, b) > 0
    assert difference(a, b) > 1e-6


@pytest.mark.parametrize("name", EQUALS)
def test_names_and_orders_alone_separate_nothing(name: str) -> None:
    a, b = (spec.loads(text) for text in EQUALS[name])
    with pytest.raises(AssertionError, match=r"0 of \d+ node groups tell .* apart: two functions"):
        assert_separates(a, b)


def difference(a: spec.Architecture, b: spec.Architecture) -> float:
    """How far two networks lie apart: with the same numbers, where the tensors allow that."""
    rng = np.random.default_rng(0)
    weights, x = random_weights(a, rng), [10 * array for array in random_inputs(a, rng)]
    if tuple(a.inputs.values()) != tuple(b.inputs.values()):
        return np.inf
    mine = outputs(a, weights, x)
    if {n: t.shape for n, t in a.tensors.items()} == {n: t.shape for n, t in b.tensors.items()}:
        others = weights
    elif sorted(a.parameters.values()) == sorted(b.parameters.values()):
        others = dict(zip(b.tensors, weights.values(), strict=True))
    else:
        return np.inf
    others = {name: array.reshape(b.tensors[name].shape) for name, array in others.items()}
    return error_of(outputs(b, others, x), mine)


def test_the_twins_are_compared_with_the_same_numbers() -> None:
    comparable = [
        n for n, texts in TWINS.items() if np.isfinite(difference(*map(spec.loads, texts)))
    ]
    assert len(comparable) >= len(TWINS) - 12


@given(networks())
def test_a_network_is_like_itself_alone(net: spec.Architecture) -> None:
    structure = graphgen.template(net)
    again = spec.from_resolved({**net.resolved(), "name": "again"})
    with pytest.raises(AssertionError, match="two functions have one graph"):
        assert_separates(net, again)
    renamed = replace(
        structure,
        node_groups=tuple(replace(g, name=f"group {g.start}") for g in structure.node_groups),
        blocks=tuple(
            replace(b, name=f"block {b.edge_start}", layer="", tensor=b.tensor and f"<{b.tensor}>")
            for b in structure.blocks
        ),
    )
    assert colours(renamed) == colours(structure)
    longer = net.resolved()
    last = longer["outputs"][0]
    longer["layers"].append({"shift_by": {"name": "one more", "inputs": [last], "value": 0.3}})
    longer["outputs"] = ["one more", *longer["outputs"][1:]]
    assert assert_separates(net, spec.from_resolved(longer)) > 0
