"""Projected states and dropout of recurrent layers: exact in graphs, and the same in a stack."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles.any_network import (
    Case,
    check_automorphisms,
    check_backends,
    check_order,
    check_round_trip,
    check_scalings,
    check_symmetric,
)

import graphgen
import metanet
import spec
from graphgen.testing import random_inputs, random_weights

NET = """
inputs: {x: [4, 3]}
layers:
  - lstm: {hidden_size: 4, proj_size: 3, %s}
  - linear: {out_features: 2}
"""


@pytest.mark.parametrize(
    ("fields", "order"),
    [
        ("bias: true", 24 * 6),
        ("bias: false", 24 * 6),
        ("num_layers: 2, dropout: 0.3", (24 * 6) ** 2),
        ("bidirectional: true", (24 * 6) ** 2),
    ],
)
def test_cells_and_projected_states_are_exchanged_by_themselves(fields: str, order: int) -> None:
    case = Case(spec.loads(NET % fields))
    group = graphgen.symmetries(case.net)
    assert group.order == order
    check_backends(case)
    check_round_trip(case)
    check_symmetric(case, group)
    check_automorphisms(case)
    check_order(group)
    check_scalings(case)


def test_a_stack_runs_projected_states_step_by_step() -> None:
    net = spec.loads(NET % "num_layers: 2")
    rng = np.random.default_rng(0)
    several = [random_weights(net, rng) for _ in range(3)]
    x = random_inputs(net, rng)[0]
    stack = {name: torch.tensor(np.stack([one[name] for one in several])) for name in net.tensors}
    found = metanet.evaluate.run_stack(net, stack, torch.tensor(x)).numpy()
    for one, y in zip(several, found, strict=True):
        assert np.abs(np.asarray(graphgen.evaluate(net, one, x)) - y).max() < 1e-10


def test_dropout_between_layers_acts_while_training_alone() -> None:
    net = spec.loads(NET % "num_layers: 2, dropout: 0.5")
    rng = np.random.default_rng(0)
    weights = {name: torch.tensor(w) for name, w in random_weights(net, rng).items()}
    x = torch.tensor(random_inputs(net, rng)[0])
    still = metanet.evaluate.run(net, weights, x)
    assert torch.equal(still, metanet.evaluate.run(net, weights, x))
    assert not torch.equal(still, metanet.evaluate.run(net, weights, x, training=True))
    one = spec.loads(NET % "num_layers: 1, dropout: 0.5")
    assert not any(op.primitive.name == "elementwise" and "dropout" in str(op.primitive)
                   for op in one.operations)  # fmt: skip


def test_a_projection_is_smaller_than_what_it_projects() -> None:
    with pytest.raises(
        spec.SpecError, match="`proj_size` is 4, expected less than `hidden_size` 4"
    ):
        spec.loads("inputs: {x: [4, 3]}\nlayers: [lstm: {hidden_size: 4, proj_size: 4}]")
