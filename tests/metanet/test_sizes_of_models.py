"""Models are made once, or without their numbers first where these are many."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import metanet
from metanet.models import configured


def made(hidden: int = 4) -> dict[str, Tensor]:
    torch.manual_seed(3)
    return {**metanet.GMN(hidden=hidden, layers=1).state_dict(), "next": torch.rand(1)}


def test_a_model_has_the_same_numbers_whether_it_is_made_once_or_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    once = made()
    monkeypatch.setattr(configured, "ORDINARY", 10)
    twice = made()
    assert once.keys() == twice.keys()
    assert all(torch.equal(once[name], twice[name]) for name in once)


def test_a_model_is_made_once_unless_it_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    devices: list[str] = []

    class Noted(metanet.DeepSets, options=metanet.DeepSets.options):
        def __init__(self, hidden: int = 4) -> None:
            super().__init__(hidden)
            devices.append(next(self.parameters()).device.type)

    Noted(4)
    assert devices == ["cpu"]
    monkeypatch.setattr(configured, "ORDINARY", 10)
    Noted(4)
    assert devices == ["cpu", "meta", "cpu"]


def test_what_is_too_large_is_refused_before_it_takes_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(configured, "ORDINARY", 10)
    monkeypatch.setattr(configured, "LARGEST", 100)
    with pytest.raises(metanet.MetanetError, match=r"GMN\(hidden=4, .*more than 100 numbers"):
        metanet.GMN(hidden=4, layers=1)


def test_who_asks_for_an_ordinary_model_gets_none_for_a_large_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert configured.ordinary(lambda: metanet.GMN(hidden=4, layers=1)) is not None
    monkeypatch.setattr(configured, "ORDINARY", 10)
    state = torch.get_rng_state()
    assert configured.ordinary(lambda: metanet.GMN(hidden=4, layers=1)) is None
    assert torch.equal(torch.get_rng_state(), state), "as if nobody had asked"
