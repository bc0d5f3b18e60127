"""Every class of `torch.nn` is imported exactly, or refused with a reason."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from oracles.imported_modules import imported, made_random
from oracles.torch_classes import IMPORTED, REFUSED
from oracles.torch_modules import Case
from torch import nn

from graphgen.importers import ImportRefusalError, from_torch
from graphgen.testing import assert_round_trip, assert_symmetric


def check(case: Case) -> None:
    """Import a module, and check function, round trip and symmetries."""
    make, inputs = case
    module = made_random(make())
    found = imported(module, *inputs)
    assert_round_trip(found.net, found.weights)
    given = found.inputs_of(*(each.numpy() for each in inputs))
    assert_symmetric(found.net, found.weights, given, np.random.default_rng(0), count=2)


def test_each_class_is_told_of() -> None:
    classes = {
        name
        for name, each in vars(nn).items()
        if inspect.isclass(each) and issubclass(each, nn.Module)
    }
    assert IMPORTED.keys() | REFUSED.keys() == classes
    assert not IMPORTED.keys() & REFUSED.keys()


def seldom(name: str) -> bool:
    """Whether a class is no part of networks, or is one that is tested otherwise."""
    return name.startswith("Lazy") or name.endswith("Loss")


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.long) if seldom(n) else n for n in IMPORTED],
)
def test_a_module_of_each_class(name: str) -> None:
    check(IMPORTED[name][-1])


@pytest.mark.long
@pytest.mark.parametrize(
    "case", [case for cases in IMPORTED.values() for case in cases[:-1]],
    ids=[f"{name}-{place}" for name, cases in IMPORTED.items() for place in range(len(cases) - 1)],
)  # fmt: skip
def test_all_modules(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("name", [name for name, (case, _) in REFUSED.items() if case is not None])
def test_what_is_refused_says_why(name: str) -> None:
    case, reason = REFUSED[name]
    assert case is not None
    make, inputs = case
    with pytest.raises(ImportRefusalError, match=reason):
        from_torch(made_random(make()), inputs)


def test_a_module_keeps_its_mode() -> None:
    module = nn.Sequential(nn.Linear(4, 3), nn.Dropout())
    module[1].eval()
    from_torch(module, torch.zeros(2, 4))
    assert [each.training for each in module.modules()] == [True, True, False]
