"""Sampling: a network's plan depends on the settings and its index alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from pipelines import PipelineError
from pipelines.zoo.sampling import NetworkPlan, plan
from pipelines.zoo.settings import ZooSettings, read_settings


@pytest.fixture
def settings(write_zoo: Callable[..., Path]) -> ZooSettings:
    return read_settings(write_zoo(count=1000))


def drawn(planned: NetworkPlan) -> tuple[object, ...]:
    return planned.family, planned.net.hash, planned.variables, planned.training, planned.seeds


def test_a_plan_depends_on_the_index_alone(settings: ZooSettings) -> None:
    forward = [drawn(plan(settings, i)) for i in range(10)]
    assert [drawn(plan(settings, i)) for i in reversed(range(10))] == forward[::-1]
    assert [drawn(plan(replace(settings, count=10), i)) for i in range(10)] == forward


def test_the_order_of_keys_does_not_matter(settings: ZooSettings) -> None:
    backward = dict(reversed(settings.training.items()))
    assert drawn(plan(replace(settings, training=backward), 3)) == drawn(plan(settings, 3))


def test_control_seeds_and_indices_do(settings: ZooSettings) -> None:
    plans = [plan(settings, i) for i in range(20)]
    plans += [plan(replace(settings, seed=seed), 3) for seed in range(1, 20)]
    assert len({planned.training["learning_rate"] for planned in plans}) == 39
    seeds = {s for p in plans for s in (p.seeds.weights, p.seeds.data_order, p.seeds.dropout)}
    assert len(seeds) == 3 * 39
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_draws_stay_what_they_are(settings: ZooSettings) -> None:
    # Computed once: a change of these numbers changes every zoo.
    planned = plan(settings, 7)
    assert planned.variables == {"channels": 4, "dropout": 0.04269258519476192}
    assert planned.training["epochs"] == 3
    assert planned.training["train_fraction"] == 0.444143954458792
    assert planned.seeds.weights == 7268494724043330748


def test_families_come_by_their_weights(settings: ZooSettings) -> None:
    counts = Counter(plan(settings, i).family for i in range(600))
    assert abs(counts["mlp"] - 200) < 50
    assert counts["mlp"] + counts["cnn"] == 600


def test_variables_reach_the_architecture(settings: ZooSettings) -> None:
    for planned in (plan(settings, i) for i in range(10)):
        if planned.family == "mlp":
            assert planned.net.parameters["1.weight"] == (planned.variables["width"], 64)
        else:
            channels = planned.variables["channels"]
            assert planned.net.parameters["0.weight"] == (channels, 1, 3, 3)


@pytest.mark.parametrize("index", [-1, 1000])
def test_an_index_out_of_range_is_refused(settings: ZooSettings, index: int) -> None:
    with pytest.raises(PipelineError, match=f"no network {index} in a zoo of 1000"):
        plan(settings, index)


def test_variables_that_fail_between_the_corners_are_named(
    write_zoo: Callable[..., Path],
) -> None:
    file = write_zoo()
    cnn = file.parent / "cnn.yaml"
    stride = '"stride": "${2 if channels < 3 or channels > 7 else 0}"'
    cnn.write_text(cnn.read_text().replace('"stride": 2', stride))
    text = file.read_text().replace('{"choice": [2, 4]}', '{"integers": [2, 8]}')
    file.write_text(text)
    settings = read_settings(file)
    with pytest.raises(PipelineError, match=r"network \d+ .*'cnn' with channels=[3-7], .*stride"):
        list(map(partial(plan, settings), range(settings.count)))
