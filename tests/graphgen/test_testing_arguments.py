"""What random networks and assertions are given is checked, in the package's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphgen
from graphgen.testing import assert_symmetric, random_inputs, random_weights, tolerance

RNG = np.random.default_rng(0)
WRONG: tuple[Any, ...] = (None, "net.yaml", -1, 1.5, {}, [1], ..., np.zeros(2))


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_wrong_kinds_are_refused(wrong: Any) -> None:
    weights, (x,) = random_weights("mlp", RNG), random_inputs("mlp", RNG)
    calls = {
        "rng": [lambda: random_weights("mlp", wrong), lambda: random_inputs("mlp", wrong),
                lambda: assert_symmetric("mlp", weights, x, wrong)],
        "dtype": [lambda: random_weights("mlp", RNG, wrong), lambda: tolerance(wrong),
                  lambda: random_inputs("mlp", RNG, dtype=wrong)],
        "count": [lambda: random_inputs("mlp", RNG, wrong),
                  lambda: assert_symmetric("mlp", weights, x, RNG, wrong)],
        "group": [lambda: assert_symmetric("mlp", weights, x, RNG, group=wrong)],
    }  # fmt: skip
    if wrong is None:
        del calls["group"]
    for name, several in calls.items():
        for call in several:
            with pytest.raises(graphgen.GraphError, match=f"`{name}` is .* expected "):
                call()


@pytest.mark.parametrize("dtype", ["int64", "bool", "<U3", "object", "no dtype"])
def test_weights_are_drawn_in_floating_dtypes(dtype: str) -> None:
    with pytest.raises(graphgen.GraphError, match="expected a floating-point dtype"):
        random_weights("mlp", RNG, dtype)
    assert {a.dtype.name for a in random_weights("mlp", RNG, "float16").values()} == {"float16"}
