"""Exporters ask whether shares are numbers: they are where each query sees some key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphgen.importers.operators import elementwise
from graphgen.importers.operators.finite import always_shares
from graphgen.importers.traced import Constant, Value
from graphgen.importers.tracer import Tracer

HIDDEN = np.where(np.tri(4), 0.0, -np.inf)
BLIND = HIDDEN.copy()
BLIND[2] = -np.inf


def shares(mask: Any, dim: int = -1) -> tuple[Tracer, Value]:
    t = Tracer("network", 3)
    scores = t.input("scores", (3, 4, 4), 0)
    masked = elementwise.add(t, scores, Constant(mask))
    value = t.value(masked)
    return t, t.layer("softmax", [value], value.shape, value.batch, {"dim": dim})


@pytest.mark.parametrize("mask", [HIDDEN, HIDDEN[None], np.float32(0), np.zeros((4, 4))])
def test_each_query_sees_a_key(mask: Any) -> None:
    assert always_shares(*shares(mask))


def test_a_query_that_sees_none() -> None:
    assert not always_shares(*shares(BLIND))


def test_two_masks_that_hide_all_together() -> None:
    t = Tracer("network", 3)
    scores = t.input("scores", (3, 4, 4), 0)
    once = elementwise.add(t, scores, Constant(HIDDEN))
    twice = t.value(
        elementwise.where(t, Constant(np.tri(4, k=-1)), once, Constant(np.array(-np.inf)))
    )
    assert not always_shares(t, t.layer("softmax", [twice], twice.shape, twice.batch, {}))


def test_shares_along_another_axis_and_masks_that_are_computed() -> None:
    assert not always_shares(*shares(HIDDEN, 1))
    t = Tracer("network", 3)
    scores, mask = (t.input(name, (3, 4, 4), 0) for name in ("scores", "mask"))
    fields = {"value": -np.inf}
    value = t.layer("masked_fill", [scores, mask], scores.shape, scores.batch, fields)
    assert not always_shares(t, t.layer("softmax", [value], value.shape, value.batch, {}))
