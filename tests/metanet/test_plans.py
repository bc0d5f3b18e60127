"""Plans are shared by batches of one make-up, and by no others."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet import plan as plans
from metanet.plan import Plan, plan_of
from spec.testing import networks

CNN = """
inputs: {x: [1, 6, 6]}
layers: [{conv2d: {out_channels: %d, kernel_size: 3}}, relu, flatten, {linear: {out_features: 2}}]
"""


@pytest.fixture(autouse=True)
def _none_kept() -> Iterator[None]:
    plans._plans.clear()
    yield
    plans._plans.clear()


def batch_of(*widths: int, seed: int = 0) -> metanet.Batch:
    rng = np.random.default_rng(seed)
    nets = [spec.loads(CNN % width) for width in widths]
    return metanet.Batch.from_graphs(
        [graphgen.compile(net, random_weights(net, rng)) for net in nets]
    )


def test_batches_of_one_make_up_share_a_plan() -> None:
    plan = plan_of(batch_of(2, 3, 2), 3)
    assert plan_of(batch_of(2, 3, 2, seed=1), 3) is plan
    assert plan_of(batch_of(2, 2, 3, seed=1), 3) is plan, "the order inside a part is the batch's"
    for other in ((2, 3), (3, 2, 2), (2, 3, 3), (2, 4, 2), (2, 3, 2, 2)):
        assert plan_of(batch_of(*other), 3) is not plan
    assert plan_of(batch_of(2, 3, 2), 0) is not plan
    assert plan_of(batch_of(2, 3, 2).to("meta"), 3) is not plan
    assert plan_of(batch_of(2, 3, 2), 3) is plan


@given(st.lists(networks(), min_size=1, max_size=3), st.data())
def test_predictions_on_a_shared_plan_are_those_on_ones_own(
    nets: list[spec.Architecture], data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(nets), min_size=1, max_size=4))
    torch.manual_seed(0)
    model = metanet.GMN(hidden=8, layers=2).double()
    for seed in range(3):
        rng = np.random.default_rng(seed)
        graphs = [graphgen.compile(net, random_weights(net, rng)) for net in chosen]
        batch = metanet.Batch.from_graphs(graphs)
        if not all(part.values.shape[1] for part in batch.parts):
            return
        shared = model(batch)
        plans._plans.clear()
        assert torch.equal(shared, model(batch))


def test_another_batch_on_a_wrong_plan_is_seen() -> None:
    torch.manual_seed(0)
    model = metanet.GMN(hidden=8, layers=2).double()
    ours, other = batch_of(2, 2, 3), batch_of(2, 3, 3)
    model(other)
    (wrong,) = plans._plans.values()
    right = model(ours)
    (key,) = [key for key, kept in plans._plans.items() if kept is not wrong]
    plans._plans[key] = wrong
    with pytest.raises(RuntimeError, match="must match the size"):
        model(ours)
    plans._plans.clear()
    assert torch.equal(model(ours), right)


def test_a_plan_holds_no_numbers() -> None:
    batch = batch_of(2, 3)
    model = metanet.GMN(hidden=8, layers=1).double()
    model(batch).sum().backward()
    seen = [weakref.ref(part.values) for part in batch.parts]
    del batch
    gc.collect()
    assert [ref() for ref in seen] == [None, None]
    assert len(plans._plans) == 1


@pytest.mark.parametrize("backend", ["block", "pyg"])
def test_a_plan_that_inference_made_serves_training(backend: str) -> None:
    torch.manual_seed(0)
    net = spec.loads(CNN % 11)
    rng = np.random.default_rng(0)
    batch = metanet.Batch.from_graphs(
        [graphgen.compile(net, random_weights(net, rng)) for _ in range(40)]
    )
    model = metanet.GMN(hidden=8, layers=2, backend=backend).double()
    with torch.inference_mode():
        predicted = model(batch)
    trained = model(batch)
    trained.square().sum().backward()
    assert torch.equal(trained, predicted)
    assert all(p.grad is not None for p in model.parameters())


def test_few_plans_are_kept_and_of_few_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "KEPT_PLANS", 3)
    made: list[Plan] = [plan_of(batch_of(*[2] * n), 3) for n in range(1, 6)]
    assert list(plans._plans.values()) == made[2:]
    assert plan_of(batch_of(2, 2, 2), 3) is made[2]
    assert list(plans._plans.values()) == [made[3], made[4], made[2]], "the last asked for is last"
    monkeypatch.setattr(plans, "KEPT_EDGES", made[2].num_edges + made[0].num_edges)
    plan_of(batch_of(2), 3)
    assert sum(plan.num_edges for plan in plans._plans.values()) <= plans.KEPT_EDGES
    assert len(plans._plans) == 2
    monkeypatch.setattr(plans, "KEPT_EDGES", 10)
    large = plan_of(batch_of(2, 3), 3)
    assert not plans._plans
    assert plan_of(batch_of(2, 3), 3) is not large
