"""Scores against other implementations and hand-computed values."""

from __future__ import annotations

import json
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau
from sklearn.metrics import mean_absolute_error, r2_score

from pipelines import PipelineError
from pipelines.metrics import r2_ceiling, ranking, scores, summarise, table

TOLERANCE = 1e-9
number = st.integers(-1000, 1000).map(lambda n: n / 1000)
pairs = st.lists(st.tuples(number, number), min_size=2, max_size=40)


def test_scores_by_hand() -> None:
    found = scores([1.0, 2.0, 3.0, 6.0], [1.0, 3.0, 2.0, 4.0])
    # SSE = 0 + 1 + 1 + 4, SST = 4 + 1 + 0 + 9; five of six pairs agree and one does not.
    assert found == pytest.approx({"r2": 1 - 6 / 14, "tau": 4 / 6, "mae": 1.0})


def test_tau_is_tau_b() -> None:
    # Five pairs: 4 concordant, 0 discordant, 1 tied in `true`, 1 tied in `predicted`, 0 in both.
    found = scores([1, 1, 2, 3], [1, 2, 3, 3])["tau"]
    assert found == pytest.approx(4 / math.sqrt(5 * 5))
    assert found != pytest.approx(4 / 6), "tau-a ignores ties"


@given(pairs)
def test_scores_agree_with_sklearn_and_scipy(values: list[tuple[float, float]]) -> None:
    true, predicted = np.array(values).T
    found = scores(true, predicted)
    assert found["mae"] == pytest.approx(mean_absolute_error(true, predicted), abs=TOLERANCE)
    if np.ptp(true) > 0:
        assert found["r2"] == pytest.approx(r2_score(true, predicted), rel=TOLERANCE, abs=1e-6)
    if np.ptp(true) > 0 and np.ptp(predicted) > 0:
        assert found["tau"] == pytest.approx(kendalltau(true, predicted).statistic, abs=TOLERANCE)
    assert all(math.isfinite(value) for value in found.values())


def test_r2_is_not_symmetric() -> None:
    true, predicted = [0.0, 1.0, 2.0], [0.0, 0.1, 0.2]
    assert scores(true, predicted)["r2"] != pytest.approx(scores(predicted, true)["r2"])


@pytest.mark.parametrize("constant", [0.0, 0.1, 1 / 3, 1e6])
def test_constant_predictions_have_no_order(constant: float) -> None:
    found = scores([0.1, 0.5, 0.9], [constant] * 3)
    assert found["tau"] == 0.0
    assert found["r2"] <= 0.0


def test_constant_truth() -> None:
    assert scores([0.1] * 3, [0.1] * 3) == {"r2": 1.0, "tau": 0.0, "mae": 0.0}
    assert scores([0.1] * 3, [0.1, 0.2, 0.3])["r2"] == 0.0
    assert scores([0.5], [0.4]) == pytest.approx({"r2": 0.0, "tau": 0.0, "mae": 0.1})


def test_scores_are_plain_numbers() -> None:
    found = scores(np.float32([0.1, 0.9]), np.float32([0.2, 0.8]))
    assert all(type(value) is float for value in found.values())


@pytest.mark.parametrize(
    ("true", "predicted", "message"),
    [
        ([1.0, 2.0], [1.0], "2 values and `predicted` has 1"),
        ([], [], "`true` is empty"),
        ([1.0, 2.0], [1.0, math.nan], "`predicted` holds 1 of 2 values that are not finite"),
        ([math.inf, 2.0], [1.0, 2.0], "the first at position 0"),
    ],
)
def test_scores_refuse(true: list[float], predicted: list[float], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        scores(true, predicted)


def test_summary_is_the_sample_deviation() -> None:
    values = [0.7, 0.8, 0.95]
    rows = [{"model": "a", "seed": i, "r2": v, "tau": 0.5} for i, v in enumerate(values)]
    found = summarise([*rows, {"model": "b", "seed": 0, "r2": 0.1, "tau": 0.2}])
    assert list(found) == ["a", "b"]
    assert found["a"]["seeds"] == 3
    assert found["a"]["r2"]["mean"] == pytest.approx(statistics.mean(values))
    assert found["a"]["r2"]["std"] == pytest.approx(statistics.stdev(values))
    assert found["a"]["r2"]["std"] != pytest.approx(statistics.pstdev(values))
    assert found["b"] == {
        "r2": {"mean": 0.1, "std": 0.0},
        "tau": {"mean": 0.2, "std": 0.0},
        "seeds": 1,
    }
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"model": "a", "r2": 1.0}], "`model` and `seed` are needed"),
        ([{"model": "a", "seed": 0}, {"model": "a", "seed": 0}], "occurs twice"),
        (
            [{"model": "a", "seed": 0, "r2": 1.0}, {"model": "a", "seed": 1, "tau": 1.0}],
            r"has scores \['tau'\], its other seeds have \['r2'\]",
        ),
    ],
)
def test_summary_refuses(rows: list[dict[str, object]], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        summarise(rows)


def test_table_is_aligned_and_best_first() -> None:
    rows = [
        {"model": model, "seed": seed, "r2": r2 + seed / 100, "tau": r2, "mae": 0.0123}
        for model, r2 in (("weak", 0.2), ("a-strong-one", 0.9))
        for seed in range(2)
    ]
    rows.append({"model": "single", "seed": 0, "r2": 0.5, "tau": 0.5, "mae": 0.1})
    lines = table(summarise(rows), ceiling=0.987).splitlines()
    assert [line.split()[0] for line in lines] == [
        "model",
        "a-strong-one",
        "single",
        "weak",
        "ceiling",
    ]
    assert lines[1] == ("a-strong-one   0.905 +- 0.007   0.900 +- 0.000   0.0123 +- 0.0000   2")
    assert "+-" not in lines[2]
    assert lines[4].split() == ["ceiling", "0.987"]
    column = lines[0].index("tau")
    assert all(line[column - 1] == " " and line[column] != " " for line in lines[:4])
    assert len(table({}).splitlines()) == 1


def test_ranking_puts_nan_last() -> None:
    def summary(r2: float, tau: float) -> dict[str, object]:
        return {"r2": {"mean": r2, "std": 0.0}, "tau": {"mean": tau, "std": 0.0}, "seeds": 1}

    metrics = {
        "nan": summary(math.nan, 0.9),
        "b": summary(0.5, 0.1),
        "a": summary(0.5, 0.1),
        "c": summary(0.5, 0.2),
        "none": {"seeds": 1},
        "d": summary(-3.0, 0.0),
    }
    assert ranking(metrics) == ["c", "a", "b", "d", "nan", "none"]


def test_ceiling_by_hand() -> None:
    # mean(p (1 - p)) = (0.25 + 0.09) / 2 = 0.17, var = 0.04
    assert r2_ceiling([0.5, 0.9], 100) == pytest.approx(1 - 0.0017 / 0.04)


def test_ceiling_is_what_a_perfect_predictor_reaches() -> None:
    rng = np.random.default_rng(0)
    expected = rng.uniform(0.5, 0.9, 20_000)
    measured = rng.binomial(50, expected) / 50
    reached = scores(measured, expected)["r2"]
    assert reached == pytest.approx(r2_ceiling(measured, 50), abs=0.01)
    assert reached != pytest.approx(r2_ceiling(measured, 100), abs=0.05)


@pytest.mark.parametrize(
    ("true", "size", "message"),
    [
        ([0.1, 0.2], 0, "`test_size` is 0"),
        ([10.0, 90.0], 100, "fractions in"),
        ([0.1, 0.1, 0.1], 100, "nothing varies"),
    ],
)
def test_ceiling_refuses(true: list[float], size: int, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        r2_ceiling(true, size)
