"""Networks as people write them in PyTorch are imported exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles.imported_modules import difference, imported, made_random
from oracles.popular_attentive import ATTENTIVE, numbers
from oracles.popular_convolutional import CONVOLUTIONAL
from torch import nn

from graphgen.testing import assert_round_trip, assert_symmetric

NETWORKS = {
    **{name: (make, (numbers(*shape),)) for name, (make, shape) in CONVOLUTIONAL.items()},
    **ATTENTIVE,
}


SHORT = ("resnet", "gpt", "llama")


@pytest.mark.parametrize("name", NETWORKS)
def test_popular_networks(name: str) -> None:
    make, inputs = NETWORKS[name]
    module = made_random(make())
    found = imported(module, *inputs)
    assert set(found.batch_axes) == {1 if name == "sequence to sequence" else 0}
    assert_round_trip(found.net, found.weights)
    given = found.inputs_of(*(each.numpy() for each in inputs))
    assert_symmetric(found.net, found.weights, given, np.random.default_rng(0), count=2)


@pytest.mark.parametrize("name", ["resnet", "gpt"])
def test_other_weights_are_another_function(name: str) -> None:
    make, inputs = NETWORKS[name]
    found = imported(made_random(make()), *inputs)
    assert difference(found, made_random(make(), seed=1), *inputs) > 1e-3


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.long)
             for name in NETWORKS],
)  # fmt: skip
def test_one_sample_is_enough(name: str) -> None:
    make, inputs = NETWORKS[name]
    module, axis = made_random(make()), 1 if name == "sequence to sequence" else 0
    found = imported(module, *(each.narrow(axis, 0, 1) for each in inputs))
    assert set(found.batch_axes) == {axis}
    assert difference(found, module, *inputs) < 1e-9


def test_weights_lie_where_the_module_has_them() -> None:
    module = made_random(nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)))
    found = imported(module, numbers(2, 4))
    with torch.no_grad():
        module[0].weight.mul_(2)
    assert any(
        np.shares_memory(array, module[0].weight.detach().numpy()) and array.base is not None
        for array in found.weights.values()
    )
