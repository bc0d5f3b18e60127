"""Several tables that one input of indices chooses from, each with as many rows as it likes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from oracles.any_network import (
    Case,
    check_automorphisms,
    check_backends,
    check_exchanges,
    check_order,
    check_round_trip,
    check_symmetric,
)

import graphgen
import spec

SIZES = [(5, 4), (4, 5), (3, 3)]


def tables(first: int, second: str) -> spec.Architecture:
    return spec.loads(f"""
inputs: {{t: [3]}}
layers:
  - embedding: {{num_embeddings: {first}, embedding_dim: 3, name: a}}
  - {second}
  - add: {{inputs: [a, b]}}
  - linear: {{out_features: 2, name: c}}
""")


def check(net: spec.Architecture, order: int) -> Case:
    case, group = Case(net), graphgen.symmetries(net)
    check_backends(case)
    check_round_trip(case)
    check_automorphisms(case)
    check_symmetric(case, group)
    check_order(group)
    check_exchanges(case, group)
    assert group.order == order
    return case


@pytest.mark.parametrize(("first", "second"), SIZES)
def test_two_tables_may_have_different_numbers_of_rows(first: int, second: int) -> None:
    other = f"embedding: {{inputs: t, num_embeddings: {second}, embedding_dim: 3, name: b}}"
    case = check(tables(first, other), 6 * (2**3 if first == second else 1))
    w = {name: torch.tensor(array) for name, array in case.weights.items()}
    t = torch.tensor(case.inputs[0])
    rows = F.embedding(t, w["a.weight"]) + F.embedding(t, w["b.weight"])
    expected = F.linear(rows, w["c.weight"], w["c.bias"])
    np.testing.assert_allclose(case.expected[0], expected, rtol=0, atol=1e-12)
    assert case.net.index_inputs["t"] == min(first, second)
    beyond = np.full((1, 3), min(first, second))
    with pytest.raises(graphgen.GraphError, match="expected indices from 0 to"):
        graphgen.evaluate(case.net, case.weights, beyond)


@pytest.mark.parametrize("rows", [2, 3, 5])
def test_a_table_and_ones_at_the_index_may_have_different_numbers_of_places(rows: int) -> None:
    check(tables(rows, "one_hot: {inputs: t, num_classes: 3, name: b}"), 1)
