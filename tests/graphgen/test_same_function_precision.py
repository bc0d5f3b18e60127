"""What is rounding and what is a difference, for every dtype; NaN and infinities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from oracles.compared_cnn import NET, X, arrays, network
from torch import nn

import spec
from graphgen.comparison import LIMITS, compare
from graphgen.testing import assert_same_function, random_inputs


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_dtypes_have_their_tolerance(dtype: str) -> None:
    module = network().to(getattr(torch, dtype))
    weights = {n: w.double() if w.is_floating_point() else w for n, w in arrays(module).items()}
    assert assert_same_function(NET, weights, module, X) < 1e-10
    given = lambda x: module(torch.from_numpy(x).to(getattr(torch, dtype)))  # noqa: E731
    assert assert_same_function(NET, weights, given, X) < LIMITS[dtype]
    with pytest.raises(AssertionError, match=rf"up to {LIMITS[dtype]:g} is rounding"):
        assert_same_function(NET, weights, lambda x: given(-x), X)


class Table(nn.Module):
    """A module with a table in float32, of which the description does not know."""

    def __init__(self, stored: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        table = torch.full((2,), 0.1)
        if stored:
            self.register_buffer("table", table, persistent=False)
        else:
            self.table = table

    def forward(self, x: Any) -> Any:
        return self.linear(x) * self.table


@pytest.mark.parametrize("stored", [True, False])
def test_what_is_kept_in_float32_has_its_tolerance(stored: bool) -> None:
    net = spec.loads(
        "inputs: {x: [3]}\n"
        "layers: [{linear: {out_features: 2, name: linear}}, {scale_by: {factor: 0.1}}]"
    )
    module = Table(stored).eval()
    x = random_inputs(net, np.random.default_rng(0))
    assert 1e-10 < assert_same_function(net, arrays(module), module, x) < 1e-6
    with pytest.raises(AssertionError, match="no more than float32 rounds"):
        assert_same_function(net, arrays(module), module, x, tolerance=1e-10)


@pytest.mark.parametrize("where", ["both", "description", "module"])
def test_nan_is_equal_to_nothing(where: str) -> None:
    module = network()
    weights = arrays(module)
    if where != "module":
        weights = {**weights, "5.bias": weights["5.bias"] * np.nan}
    given = (lambda x: np.full((5, 2), np.nan)) if where != "description" else module
    with pytest.raises(AssertionError, match="values 10|values 0") as caught:
        assert_same_function(NET, weights, given, X)
    assert ("NaN is equal to nothing" in str(caught.value)) == (where == "both")


def test_infinities_are_compared_as_they_are() -> None:
    a = np.array([[1.0, np.inf], [2.0, -np.inf]])
    assert compare("y", a, a.copy(), 1e-10).agrees
    for b in (np.abs(a), np.where(np.isinf(a), 0, a)):
        assert not compare("y", a, b, 1e-2).agrees
        assert not compare("y", b, a, 1e-2).agrees
    assert "all values are infinite" in compare("y", a[:, 1:], a[:, 1:], 1e-2).problem
    assert "no values" in compare("y", a[:0], a[:0], 1e-2).problem


def test_differences_are_shares_of_the_spread() -> None:
    rng = np.random.default_rng(0)
    y = rng.standard_normal((100, 7))
    for scale, shift in ((1, 0), (1e-6, 0), (1e6, 3e6), (1, 5)):
        moved = scale * y + shift
        changed = moved.copy()
        changed[3, 2] += 1e-3 * scale
        found = compare("y", changed, moved, 1e-4)
        assert found.place == (3, 2)
        assert found.relative == pytest.approx(1e-3, rel=0.2)
        assert not found.agrees
    assert compare("y", np.zeros((2, 2)), np.zeros((2, 2)), 1e-10).relative == 0
    assert not compare("y", np.full((2, 2), 1e-3), np.zeros((2, 2)), 1e-4).agrees
