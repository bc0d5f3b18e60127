"""What training, prediction and searches cost, as runs and results tell it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from graphgen.files.sealed import parts_of
from pipelines.costs import read_costs, table, write_costs
from pipelines.evaluation import evaluate
from pipelines.results import read_results
from pipelines.runs.history import COST, OTHER, SEARCH, TRAINING, read_cost
from pipelines.training import search, train

RECIPE = {
    "epochs": 3, "batch_size": 4, "learning_rate": 1e-3, "weight_decay": 0.0, "gradient_norm": 1.0,
}  # fmt: skip
MODELS: dict[str, Any] = {
    "gmn": {"metanet": "gmn", "settings": {"hidden": 4, "layers": 1}, "training": RECIPE},
    "open": {
        "metanet": "gmn",
        "settings": {"hidden": 4, "layers": 1},
        "training": {**RECIPE, "learning_rate": {"log_uniform": [1e-4, 1e-2]}},
    },
    "trees": {
        "metanet": "statnn",
        "settings": {"leaves": 2},
        "search": {"trees": [2, 3, 4]},
    },
}


@pytest.fixture(scope="module")
def evaluated(graphs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Search, train and evaluate; give the folder."""
    folder = tmp_path_factory.mktemp("costs")
    section = {
        "target": "test_accuracy",
        "seeds": [0],
        "search": {"trials": 2, "epochs": 1},
        "models": MODELS,
    }
    params = folder / "params.yaml"
    params.write_text(json.dumps({"train": section}))
    search(params, graphs, folder / "search", workers=1, only="open")
    train(params, graphs, folder / "train", workers=1, choices=folder / "search")
    evaluate(folder / "train", graphs, folder / "results", workers=1)
    return folder


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / COST).open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_says_what_its_epochs_and_the_rest_cost(evaluated: Path) -> None:
    found = rows(evaluated / "train" / "gmn-seed0")
    assert [(row["epoch"], row["part"]) for row in found] == [
        ("1", TRAINING), ("2", TRAINING), ("3", TRAINING), ("0", OTHER),
    ]  # fmt: skip
    spent = read_cost(evaluated / "train" / "gmn-seed0")
    each = [float(row["seconds"]) for row in found]
    assert spent == {TRAINING: pytest.approx(sum(each[:3])), OTHER: each[3]}
    assert min(each) > 0


def test_trees_have_a_cost_and_their_combinations_are_trials(evaluated: Path) -> None:
    assert read_cost(evaluated / "train" / "trees-seed0").keys() == {OTHER}
    costs = read_costs(evaluated / "results", read_results(evaluated / "results")["hash"])
    assert costs["trees"]["trials"] == 3
    assert costs["trees"]["training"] > 0
    assert costs["gmn"]["trials"] == 0
    assert "search" not in costs["trees"]


def test_a_search_is_added_up_and_its_trials_are_counted(evaluated: Path) -> None:
    trials = [read_cost(evaluated / "search" / f"open-trial{number}") for number in (0, 1)]
    own = read_cost(evaluated / "train" / "open-seed0")
    assert own[SEARCH] == pytest.approx(sum(sum(one.values()) for one in trials), abs=0.01)
    costs = read_costs(evaluated / "results", read_results(evaluated / "results")["hash"])
    assert costs["open"]["trials"] == 2
    assert costs["open"]["search"] == pytest.approx(own[SEARCH], abs=0.01)
    assert costs["open"]["training"] == pytest.approx(own[TRAINING] + own[OTHER], abs=0.01)


def test_costs_are_of_results_and_no_part_of_them(evaluated: Path, graphs: Path) -> None:
    folder = evaluated / "results"
    sealed = read_results(folder)
    assert "cost.json" not in parts_of(sealed)
    costs = read_costs(folder, sealed["hash"])
    assert costs.keys() == MODELS.keys()
    assert all(own["prediction"] > 0 for own in costs.values())
    evaluate(evaluated / "train", graphs, evaluated / "again", workers=1)
    assert read_results(evaluated / "again")["hash"] == sealed["hash"]
    # The control: of other results, damaged, or not there, they are not known.
    assert read_costs(folder, "0" * 64) == {}
    text = (folder / "cost.json").read_text()
    (evaluated / "again" / "cost.json").write_text(text.replace('"trials": 3', '"trials": 4'))
    assert read_costs(evaluated / "again", sealed["hash"]) == {}
    assert read_costs(evaluated, sealed["hash"]) == {}


def test_the_table_has_the_columns_of_what_is_known(tmp_path: Path) -> None:
    models = {
        "gmn": {"training": 1234.5, "prediction": 0.0123, "trials": 6, "search": 12.3456},
        "a-tree": {"training": 0.5, "trials": 0},
    }
    write_costs(tmp_path, "0" * 64, models)
    assert read_costs(tmp_path, "0" * 64) == models
    assert table(models).splitlines() == [
        "model    training s   prediction ms   trials   search s",
        "gmn      1,234        12.3            6        12.3",
        "a-tree   0.5                          0",
    ]
    assert table({"a": {"trials": 0}}).splitlines() == ["model", "a"]


@pytest.mark.parametrize(
    "text",
    ["", "epoch,seconds\n1,much\n", "epoch,seconds\n1,nan\n", "epoch,seconds\n1,-1\n", "a\n1\n"],
)
def test_a_damaged_cost_is_not_known(text: str, tmp_path: Path) -> None:
    (tmp_path / COST).write_text(text)
    assert read_cost(tmp_path) == {}
    (tmp_path / COST).write_text("epoch,seconds\n1,2.5\n")
    assert read_cost(tmp_path) == {TRAINING: 2.5}


def test_predictions_hold_intervals(evaluated: Path) -> None:
    metrics = json.loads((evaluated / "results" / "metrics.json").read_text())
    for own in metrics.values():
        assert own["r2"]["low"] <= own["r2"]["high"]
        assert own["r2"]["networks"] == metrics["gmn"]["r2"]["networks"]
    assert sum("difference" in own["r2"] for own in metrics.values()) == len(MODELS) - 1
