"""Made-up results of experiments, and the tasks that compare them in pairs."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from graphgen.files import read_document, write_json
from pipelines.costs import write_costs
from pipelines.pairs import compare_pairs
from pipelines.pairs.measuring import Row
from pipelines.pairs.stage import COMPARISON
from pipelines.results import INDEX, writing_results

ERRORS = {"good": 0.05, "same": 0.05, "bad": 0.15}
COUNT, SEEDS = 200, 2


def predictions(split: str = "test", seeds: int = SEEDS) -> list[dict[str, Any]]:
    """Say of made-up networks what models of known errors predict."""
    rng = np.random.default_rng(0)
    true = rng.uniform(0.05, 0.95, COUNT)
    return [
        {
            **{"model": model, "seed": seed, "network": i, "split": split, "true": true[i]},
            **{"predicted": predicted, "loss": abs(predicted - true[i]) + 1e-3},
        }
        for model, error in ERRORS.items()
        for seed in range(seeds)
        for i, predicted in enumerate(true + error * rng.normal(size=COUNT))
    ]


def table(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def finished(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """Leave results as `gmn evaluate` does."""
    with writing_results(folder, ["predictions.csv"], replace=True) as new:
        new.add("predictions.csv", lambda path: table(path, rows))
        sealed = new.commit({"of": {}, "parts": new.parts})
    costs: dict[str, dict[str, Any]] = {
        "good": {"trials": 0, "training": 12.0, "making": 3.0},
        "bad": {"trials": 4},
    }
    write_costs(folder, sealed["hash"], costs)
    return folder


def measured(folder: Path, systems: dict[str, list[float]]) -> Path:
    """Leave results as `gmn quality` does: measures of each seed."""
    found = {"systems": {n: {"frechet": {"seeds": values}} for n, values in systems.items()}}
    with writing_results(folder, ["quality.json"], replace=True) as new:
        new.add("quality.json", lambda path: write_json(path, found))
        new.commit({"of": {}, "parts": new.parts})
    return folder


def pair(first: str, second: str) -> dict[str, str]:
    return {"with": first, "without": second}


def task(*pairs: dict[str, str], **changes: Any) -> dict[str, Any]:
    own = {"title": "made-up networks", "group": "accuracy", "results": "results"}
    return {**own, "scores": ["r2", "tau", "mae"], "pairs": list(pairs), **changes}


def write(folder: Path, *tasks: dict[str, Any]) -> Path:
    file = folder / "tasks.yaml"
    file.write_text(json.dumps({"tasks": tasks}, indent=1))
    return file


def rows_of(folder: Path, *tasks: dict[str, Any]) -> list[Row]:
    return compare_pairs(write(folder, *tasks), folder / "out", replace=True)[0]


def about(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_document(out / INDEX, COMPARISON)["of"]
    return found


def of_errors(errors: dict[tuple[str, int], float], **more: Any) -> list[dict[str, Any]]:
    """Say what runs predict that are off by one and the same error at each network."""
    return [
        {
            **{"model": model, "seed": seed, "network": i, "split": "test", "true": i / 40},
            **{"predicted": i / 40 + (-1) ** i * error, **more},
        }
        for (model, seed), error in errors.items()
        for i in range(40)
    ]
