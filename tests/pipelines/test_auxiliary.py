"""Auxiliary targets: read from records, learned beside the target."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import norm, rankdata

from pipelines.errors import PipelineError
from pipelines.tasks.auxiliary import Auxiliary, read_auxiliary
from pipelines.tasks.regression import Regression


def graph_set(rows: list[dict[str, Any]]) -> Any:
    class Records:
        folder = "graphs"
        records = rows

        def __len__(self) -> int:
            return len(rows)

    return Records()


ROWS = [
    {
        "metrics": {"train_loss": loss},
        "training": {"learning_rate": 10.0**-i, "optimizer": "adam" if i % 3 else "sgd"},
        "variables": {"norm": "identity"},
    }
    for i, loss in enumerate([0.3, 2.0, None, 0.5, 1e9, 0.1])
]
TRAIN = [0, 1, 2, 3, 4]


def test_numbers_enter_by_their_normal_scores() -> None:
    read = read_auxiliary(graph_set(ROWS), {"training.learning_rate": 0.5}, TRAIN)
    rates = [row["training"]["learning_rate"] for row in ROWS]
    scores = norm.ppf(rankdata(rates[:5]) / 6)
    np.testing.assert_allclose(read.values[:5, 0], scores / scores.std(), rtol=1e-6, atol=1e-7)
    assert read.values[5, 0] < read.values[4, 0]  # below all training networks, and finite
    assert read.weights.tolist() == [0.5]
    # Scores do not depend on the scale: that of the logarithm gives the same ones.
    logs = [{"training": {"learning_rate": float(np.log(rate))}} for rate in rates]
    again = read_auxiliary(graph_set(logs), {"training.learning_rate": 0.5}, TRAIN)
    np.testing.assert_array_equal(read.values, again.values)


def test_words_enter_by_a_column_each_and_share_the_weight() -> None:
    read = read_auxiliary(graph_set(ROWS), {"training.optimizer": 0.5, "variables.norm": 1}, TRAIN)
    assert read.weights.tolist() == [0.25, 0.25, 1]
    adam = np.array([row["training"]["optimizer"] == "adam" for row in ROWS])
    assert (read.values[adam, 0] > 0).all()
    assert (read.values[~adam, 0] < 0).all()
    np.testing.assert_allclose(read.values[:, 1], -read.values[:, 0], rtol=1e-6)
    assert (read.values[:, 2] == 0).all()


def test_what_a_network_lacks_is_nan_and_what_all_lack_a_mistake() -> None:
    read = read_auxiliary(graph_set(ROWS), {"metrics.train_loss": 1.0}, TRAIN)
    assert np.isnan(read.values[:, 0]).tolist() == [False, False, True, False, False, False]
    with pytest.raises(PipelineError, match="no training network has 'metrics.loss'"):
        read_auxiliary(graph_set(ROWS), {"metrics.loss": 1.0}, TRAIN)


def test_the_loss_adds_known_auxiliary_errors_by_their_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
    wanted = np.array([0.5, 0.5])
    monkeypatch.setattr("pipelines.tasks.regression.batch_of", lambda *_: None)
    targets: Any = SimpleNamespace(standardised=lambda chosen: wanted[chosen])

    def loss(values: list[list[float]], weights: list[float], columns: int) -> float:
        auxiliary = Auxiliary(
            np.array(values, np.float32).reshape(2, -1), np.array(weights, np.float32)
        )
        model = lambda batch: output[:, : 1 + columns]  # noqa: E731
        task = object.__new__(Regression)
        task.targets, task.auxiliary, task.graph_set = targets, auxiliary, graph_set([])
        task.kind = "squared_error"
        return float(task.loss(model, [0, 1]))

    assert loss([[], []], [], 0) == pytest.approx(0.25)
    known = loss([[1.0, 1.0], [3.0, 1.0]], [0.5, 0.1], 2)
    assert known == pytest.approx(0.25 + 0.5 * (1 + 4) / 2 + 0.1 * (1 + 0) / 2)
    missing = loss([[1.0, float("nan")], [3.0, 1.0]], [0.5, 0.1], 2)
    assert missing == pytest.approx(0.25 + 0.5 * (1 + 4) / 2)
