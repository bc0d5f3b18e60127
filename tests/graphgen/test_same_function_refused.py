"""What cannot be compared with a description is refused, with what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracles.compared_cnn import NET, X, arrays, network
from torch import nn

import graphgen
import spec
from graphgen.testing import assert_same_function


class Dropping(nn.Module):
    def __init__(self, rate: float) -> None:
        super().__init__()
        self.linear, self.attention_dropout = nn.Linear(3, 2), rate

    def forward(self, x: Any) -> Any:
        return nn.functional.dropout(self.linear(x), self.attention_dropout, self.training)


DRAWS: dict[str, Callable[[], nn.Module]] = {
    "dropout": lambda: nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)),
    "a rate": lambda: Dropping(0.5),
    "batch norm": lambda: nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)),
    "a random slope": lambda: nn.Sequential(nn.Linear(3, 2), nn.RReLU()),
}


@pytest.mark.parametrize("kind", DRAWS)
def test_training_mode_is_refused_where_it_matters(kind: str) -> None:
    net = spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 2}}]")
    module = DRAWS[kind]().train()
    weights = {"0.weight": np.zeros((2, 3)), "0.bias": np.zeros(2)}
    with pytest.raises(graphgen.GraphError, match=r"in training mode.*call module.eval\(\) first"):
        assert_same_function(net, weights, module, np.ones((2, 3)))


def test_control_training_mode_does_not_matter_elsewhere() -> None:
    net = spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 2, name: linear}}]")
    module = Dropping(0.0).train()
    x = np.random.default_rng(0).standard_normal((2, 3))
    assert assert_same_function(net, arrays(module), module, x) < 1e-10


WRONG: dict[str, tuple[Any, Any, str]] = {
    "no batch axis": (network(), X[0], r"expected \[N, 3, 8, 8\], got \[3, 8, 8\]; the batch axis"),
    "channels last": (network(), X.transpose(0, 2, 3, 1), "another order"),
    "another size": (network(), X[:, :2], "stacked along a first axis, the batch"),
    "two arrays": (network(), [X, X], "has 2 arrays; expected one for each of the inputs image"),
    "another name": (network(), {"x": X}, "has x; expected an array for each of .* image"),
    "no array": (network(), "x", "`x` is a str.* expected an array"),
    "no module": (5, X, "`module` is an int, 5; expected a torch.nn.Module"),
    "a failure": (lambda x: 1 / 0, X, r"raises ZeroDivisionError.*image \[5, 3, 8, 8\] float32"),
    "words": (lambda x: "y", X, "gives a str, 'y'; expected arrays"),
    "nothing by name": (lambda x: {"y": None}, X, "of y, none of which is an array"),
    "two outputs": (lambda x: (x, x), X, r"the module gives 2 outputs .* \(5 \[N, 2\]\)"),
    "fewer samples": (lambda x: x[:3, 0, 0, :2], X, "5 inputs, and 3 outputs"),
    "no batch": (lambda x: np.zeros(2), X, "the batch axis is missing"),
    "transposed": (lambda x: np.zeros((2, 5)), X, "the axes stand in another order"),
    "complex numbers": (lambda x: np.zeros((5, 2), complex), X, "expected real numbers"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_does_not_fit_is_said(kind: str) -> None:
    module, x, words = WRONG[kind]
    with pytest.raises(graphgen.GraphError, match=words):
        assert_same_function(NET, arrays(network()), module, x)


@pytest.mark.parametrize("tolerance", [0, -1, 2, "1e-4", True, float("nan")])
def test_a_tolerance_is_a_share(tolerance: Any) -> None:
    with pytest.raises(graphgen.GraphError, match="`tolerance` is .*a share of the spread"):
        assert_same_function(NET, arrays(network()), network(), X, tolerance)
