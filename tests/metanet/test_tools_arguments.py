"""What constructions and assertions are given is checked, in the package's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import graphgen
import metanet
from graphgen.testing import random_weights
from metanet.constructions import NFNCoefficients, forward_pass, nfn_layer
from metanet.testing import assert_deterministic, assert_editor_batch_independent, predict

WRONG: tuple[Any, ...] = (None, "net.yaml", 0, -1, 1.5, 10**30, {}, [1], ..., torch.zeros(2))
BOUNDS: tuple[Any, ...] = (None, "1", 0, -1.0, float("nan"), float("inf"), [1], ...)
COEFFICIENTS = NFNCoefficients(torch.zeros(2, 7), torch.zeros(2, 3), torch.zeros(2, 2, 2, 2))


def graph() -> graphgen.Graph:
    return graphgen.compile("mlp", random_weights("mlp", np.random.default_rng(0)))


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_wrong_kinds_are_refused(wrong: Any) -> None:
    for call, message in (
        (lambda: forward_pass(wrong), "`depth` is .* expected an integer from 1 to 1000"),
        (lambda: forward_pass(2)(wrong, torch.zeros(1)), "expected a computation graph, got"),
        (lambda: nfn_layer(wrong), "`coefficients` is .* expected NFNCoefficients"),
        (lambda: predict(wrong, metanet.Batch.from_graphs([graph()])), "`model` is .* expected"),
        (lambda: assert_deterministic(wrong, [graph()]), "`model` is .* expected"),
        (
            lambda: assert_editor_batch_independent(wrong, [graph()], np.random.default_rng(0)),
            "`editor` is .* expected",
        ),
    ):
        with pytest.raises(metanet.MetanetError, match=message):
            call()


@pytest.mark.parametrize("wrong", BOUNDS, ids=repr)
def test_a_bound_is_a_positive_number(wrong: Any) -> None:
    for call in (lambda: forward_pass(2, wrong), lambda: nfn_layer(COEFFICIENTS, wrong)):
        with pytest.raises(metanet.MetanetError, match="`bound` is .* expected a number"):
            call()
    assert callable(forward_pass(2, 10))
    assert callable(nfn_layer(COEFFICIENTS, 10))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("weights", "w"), ("weights", torch.zeros(2, 6)), ("weights", torch.tensor(1.0)),
     ("biases", torch.zeros(3, 3)), ("totals", None), ("totals", torch.zeros(2, 2))],
)  # fmt: skip
def test_coefficients_fit_one_another(name: str, wrong: Any) -> None:
    given = {
        "weights": COEFFICIENTS.weights,
        "biases": COEFFICIENTS.biases,
        "totals": COEFFICIENTS.totals,
        name: wrong,
    }
    with pytest.raises(metanet.MetanetError, match=f"`{name}` .* expected"):
        NFNCoefficients(**given)


@pytest.mark.parametrize("wrong", [0.5, "dropout", [0.1], np.zeros(2), torch.zeros(2)], ids=repr)
def test_rates_of_a_stack_are_named(wrong: Any) -> None:
    weights = random_weights("mlp", np.random.default_rng(0))
    stack = {name: torch.from_numpy(value)[None] for name, value in weights.items()}
    (shape,) = graphgen.sources.architecture_from("mlp").inputs.values()
    x = torch.zeros(1, *shape, dtype=torch.float64)
    with pytest.raises(metanet.MetanetError, match="`dropout` is .* mapping of rates by name"):
        metanet.evaluate.run_stack("mlp", stack, x, dropout=wrong)
    assert metanet.evaluate.run_stack("mlp", stack, x).isfinite().all()
