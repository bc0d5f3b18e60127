"""Intervals and paired differences against a slow bootstrap, and against what is known."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.errors import PipelineError
from pipelines.metrics import class_scores, scores, standing, table, with_intervals
from pipelines.metrics.outcomes import Classes, Labels, Measures, Numbers, Outcomes, outcomes_of
from pipelines.metrics.rank_correlation import resampled_taus
from pipelines.metrics.resampling import network_counts, over_seeds

TOLERANCE = 1e-9
Values = NDArray[Any]


def slow(measure: Callable[..., dict[str, float]], counts: Values, *columns: Values) -> Any:
    """Score each resample by itself, of networks that are there as often as they were drawn."""
    chosen = [np.repeat(np.arange(len(own)), own.astype(int)) for own in counts.T]
    found = [measure(*(column[rows] for column in columns)) for rows in chosen]
    return {name: np.array([row[name] for row in found]) for name in found[0]}


def agree(outcomes: Outcomes, counts: Values, expected: dict[str, Values]) -> None:
    found = outcomes.scores(counts)
    assert found.keys() >= expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=TOLERANCE, rtol=TOLERANCE)


def drawn(count: int = 60, resamples: int = 40) -> Any:
    return network_counts(range(count), resamples)


@pytest.mark.parametrize("levels", [3, 20, 10**6], ids=["many ties", "ties", "no ties"])
@pytest.mark.parametrize("count", [2, 60, 700], ids=str)
def test_numbers_are_scored_as_by_scipy(levels: int, count: int) -> None:
    rng = np.random.default_rng(count)
    true = np.round(rng.uniform(0, 1, count) * levels) / levels
    predicted = np.round((true + 0.2 * rng.normal(size=count)) * levels) / levels
    counts = drawn(count, 12)
    own = Numbers(true, predicted)
    agree(own, counts, slow(scores, counts, true, predicted))
    for name, least in (("tau_20", 0.2), ("tau_60", 0.6)):
        left = true >= least
        assert own.networks(name) == (left.sum() if left.sum() >= 20 else None)
        if name in own.left:
            found = slow(scores, counts[left], true[left], predicted[left])["tau"]
            agree(own, counts, {name: found})


def test_another_pair_of_columns_is_found_to_differ() -> None:
    rng = np.random.default_rng(0)
    true, counts = rng.uniform(size=60), drawn()
    expected = slow(scores, counts, true, true + 0.1)
    with pytest.raises(AssertionError):
        agree(Numbers(true, rng.uniform(size=60)), counts, expected)


def test_constants_have_no_order_and_no_spread() -> None:
    counts = drawn()
    for true, predicted in ((np.ones(60), np.arange(60.0)), (np.arange(60.0), np.zeros(60))):
        agree(Numbers(true, predicted), counts, slow(scores, counts, true, predicted))
    assert Numbers(np.full(60, 0.1), np.full(60, 0.1)).scores(counts)["r2"].tolist() == [1.0] * 40


def test_classes_labels_and_measures_are_scored_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    counts = drawn()
    true, predicted = rng.integers(0, 4, 60), rng.integers(0, 4, 60)
    agree(Classes(true, predicted), counts, slow(class_scores, counts, true, predicted))

    def labels(one: Values, other: Values) -> dict[str, float]:
        each = [scores(t, p)["r2"] for t, p in zip(one.T, other.T, strict=True)]
        return {"mse": float(np.mean((one - other) ** 2)), "r2": float(np.mean(each))}

    pair = rng.normal(size=(60, 2)), rng.normal(size=(60, 2))
    agree(Labels(*pair), counts, slow(labels, counts, *pair))

    def measures(errors: Values) -> dict[str, float]:
        return {"mse": float(errors.mean()), "psnr": float(np.mean(-10 * np.log10(errors)))}

    errors = rng.uniform(size=60)
    agree(Measures({"mse": errors}), counts, slow(measures, counts, errors))


def made(errors: dict[str, float], count: int, seeds: int, seed: int = 0) -> dict[str, Any]:
    """Summarise made-up models, each with its own error, on the same networks."""
    rng = np.random.default_rng(seed)
    true = rng.uniform(0.05, 0.95, count)
    runs: list[dict[str, Any]] = []
    outcomes: dict[tuple[str, int], Outcomes] = {}
    for model, error in errors.items():
        for number in range(seeds):
            predicted = true + error * rng.normal(size=count)
            runs.append({"model": model, "seed": number, **scores(true, predicted)})
            outcomes[model, number] = Numbers(true, predicted)
    return with_intervals(runs, outcomes, range(count), 300)


def test_level_models_are_level_and_a_better_one_is_first() -> None:
    found = made({"a": 0.1, "b": 0.1, "c": 0.3}, 200, 2)
    assert standing(found, "r2").keys() == {"a", "b"}
    assert set(standing(found, "tau").values()) == {"level"}
    apart = made({"a": 0.1, "c": 0.3}, 200, 2)
    assert standing(apart, "r2") == {"a": "first"}
    assert standing(apart, "mae") == {"a": "first"}
    far = apart["c"]["mae"]["difference"]
    assert far["to"] == "a"
    assert 0 < far["low"] < far["mean"] < far["high"]
    assert "difference" not in apart["a"]["mae"]
    for words, text in ((" =", table(found)), (" *", table(apart))):
        assert words in text.splitlines()[1]
    assert standing(made({"a": 0.1}, 200, 2), "r2") == {}


def test_the_same_predictions_differ_by_nothing() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(size=50)
    own = Numbers(true, true + 0.1 * rng.normal(size=50))
    runs = [{"model": model, "seed": 0} for model in "ab"]
    found = with_intervals(runs, {(model, 0): own for model in "ab"}, range(50))
    assert found["b"]["r2"]["difference"] == {"to": "a", "mean": 0.0, "low": 0.0, "high": 0.0}
    assert found["a"]["r2"]["low"] < found["a"]["r2"]["mean"] < found["a"]["r2"]["high"]


@pytest.mark.parametrize("seeds", [1, 4])
def test_the_interval_of_a_mean_covers_it(seeds: int) -> None:
    """The error of each network has a part of its own and one of the seed; the mean is 1."""
    held = []
    rng = np.random.default_rng(1)
    for _ in range(250):
        networks = rng.normal(size=80)
        outcomes: dict[tuple[str, int], Outcomes] = {
            ("a", s): Measures({"mae": 1 + networks + 0.05 * rng.normal() * (seeds > 1)})
            for s in range(seeds)
        }
        rows = [{"model": "a", "seed": s} for s in range(seeds)]
        score = with_intervals(rows, outcomes, range(80), 200)["a"]["mae"]
        held.append(score["low"] <= 1 <= score["high"])
    assert 0.90 <= np.mean(held) <= 0.985


def test_the_interval_of_tau_covers_it() -> None:
    """Of two normal numbers with correlation r, tau is 2 arcsin(r) / pi."""
    rng, expected = np.random.default_rng(2), 2 * math.asin(0.8) / math.pi
    held = []
    for _ in range(150):
        true = rng.normal(size=100)
        own = Numbers(true, 0.8 * true + 0.6 * rng.normal(size=100))
        score = with_intervals([{"model": "a", "seed": 0}], {("a", 0): own}, range(100), 200)
        held.append(score["a"]["tau"]["low"] <= expected <= score["a"]["tau"]["high"])
    assert 0.90 <= np.mean(held) <= 0.99


def test_the_spread_over_seeds_is_as_wide_as_it_should_be() -> None:
    """The deviation of a mean of k seeds is that of one over the root of k."""
    found = [
        over_seeds(np.repeat(np.random.default_rng(i).normal(size=(4, 1)), 200, axis=1), "a").var()
        for i in range(400)
    ]
    assert np.mean(found) == pytest.approx(1 / 4, rel=0.1)
    assert over_seeds(np.ones((1, 5)), "a").tolist() == [1.0] * 5


def test_ratios_over_seeds_stay_above_zero() -> None:
    """Negative control: the same seeds, widened by differences, come out below zero."""
    seeds = np.repeat([[0.05], [0.6]], 500, axis=1)
    plain, ratio = (over_seeds(seeds, "a", ratio=ratio) for ratio in (False, True))
    assert plain.min() < 0 < ratio.min()
    wide = 0.325 * (np.array([0.05, 0.325, 0.6]) / 0.325) ** math.sqrt(2)
    assert np.unique(ratio.round(12)) == pytest.approx(wide)
    near = 1 + 1e-4 * np.random.default_rng(0).normal(size=(3, 500))
    assert over_seeds(near, "a", ratio=True) == pytest.approx(over_seeds(near, "a"), abs=1e-6)
    below = over_seeds(seeds - 1, "a", ratio=True)
    assert np.isfinite(below).all()
    assert below.max() < 0


def test_checkpoints_of_one_training_are_drawn_together() -> None:
    counts = network_counts(["a", "b", "a", "c"], 50)
    assert (counts[0] == counts[2]).all()
    assert not (counts[0] == counts[1]).all()
    assert (counts[[0, 1, 3]].sum(0) == 3).all()
    errors = np.repeat(np.random.default_rng(0).normal(size=30), 10)
    outcomes: dict[tuple[str, int], Outcomes] = {("a", 0): Measures({"mae": errors})}
    one, other = (
        with_intervals([{"model": "a", "seed": 0}], outcomes, groups)["a"]["mae"]
        for groups in (range(300), np.repeat(np.arange(30), 10).tolist())
    )
    assert other["high"] - other["low"] > 2.5 * (one["high"] - one["low"])


def test_thresholds_are_of_shares_alone_and_of_networks_enough() -> None:
    def left(true: Values) -> list[str]:
        return list(Numbers(true, true).left)

    shares = np.linspace(0, 0.9, 100)
    assert left(shares) == ["tau_20", "tau_40", "tau_60"]
    assert Numbers(shares, shares).networks("tau_60") == np.sum(shares >= 0.6)
    assert left(np.linspace(0, 2, 100)) == []
    assert left(np.linspace(-1, 1, 100)) == []


def test_what_rows_are_of_is_said_by_their_columns() -> None:
    def kind(*rows: dict[str, Any]) -> type[Any]:
        return type(outcomes_of(rows))

    assert kind({"true": "0.5", "predicted": "0.25"}) is Numbers
    assert kind({"true": 1, "predicted": 2, "probability": 0.5}) is Classes
    assert kind({"true": "cat", "predicted": "dog"}) is Classes
    assert kind({"true a": 1.0, "predicted a": 1.0, "true b": 0, "predicted b": 0}) is Labels
    assert kind({"mse": 0.5, "unedited_mse": 1.0}) is Measures
    assert outcomes_of([{"model": "a"}]) is None
    assert outcomes_of([]) is None


def test_runs_of_other_networks_are_refused() -> None:
    true = np.arange(30.0)
    outcomes: dict[tuple[str, int], Outcomes] = {
        ("a", 0): Numbers(true, true),
        ("b", 1): Numbers(true + 1, true),
    }
    rows = [{"model": "a", "seed": 0}, {"model": "b", "seed": 1}]
    with pytest.raises(PipelineError, match="a, seed 0, and b, seed 1, .* the same networks"):
        with_intervals(rows, outcomes, range(30))


def test_a_thousand_networks_take_a_second() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(size=1000)
    counts = network_counts(range(1000))
    begun = time.process_time()
    (found,) = resampled_taus(true, true + 0.1 * rng.normal(size=1000), counts)
    assert time.process_time() - begun < 2
    assert found.shape == (1000,)
