"""The forms of GMN's layers on the default experiment: how well they predict, network by network.

    python benchmarks/forms.py [GRAPHS] [OUT]        # out/graphs, out/forms

Trains each form with the recipe of `params.yaml` and three seeds, and compares what they predict of
the same networks. A run that was stopped goes on where it stood.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from result import Measure, save

from graphgen import GraphSet
from pipelines.metrics import scores
from pipelines.tasks.registry import open_task, settings_of
from pipelines.training import train
from pipelines.training.predictor import Predictor
from pipelines.training.settings import read_settings

FORMS: dict[str, dict[str, Any]] = {
    "paper": {"form": "paper", "global_state": False, "hidden": 48},
    "narrow": {"form": "narrow", "hidden": 64},
    "longer": {"form": "narrow", "hidden": 64},
}
"""The paper's form, as the experiment had it, and the narrow one, wider; also for more epochs."""
EPOCHS = {"paper": 20, "narrow": 20, "longer": 26}
SEEDS = (0, 1, 2)
RESAMPLES, WORKERS = 2000, 2
Predictions = Mapping[int, NDArray[np.float64]]


def trained(params: Path, graphs: Path, out: Path) -> dict[str, Path]:
    """Train all forms with all seeds; give the beginning of the names of their runs."""
    section = read_settings(params)
    recipe = section["models"]["gmn"]
    section["models"] = {
        name: {
            **recipe,
            "settings": {**recipe["settings"], **settings},
            "training": {**recipe["training"], "epochs": EPOCHS[name]},
        }
        for name, settings in FORMS.items()
    }
    section["seeds"] = list(SEEDS)
    out.mkdir(parents=True, exist_ok=True)
    file = out / "params.json"
    file.write_text(json.dumps({"train": section}), encoding="utf-8")
    train(file, graphs, out / "train", workers=WORKERS)
    return {name: out / "train" / f"{name}-seed" for name in FORMS}


def predictions(
    runs: Mapping[str, Path], graphs: GraphSet, chosen: list[int]
) -> dict[str, Predictions]:
    """Give what each form says of some networks, by seed."""
    return {
        name: {seed: Predictor.load(f"{start}{seed}").predict_set(graphs, chosen) for seed in SEEDS}
        for name, start in runs.items()
    }


def interval(
    one: Predictions, other: Predictions, true: NDArray[np.float64], score: str
) -> tuple[float, float, float]:
    """Give the mean difference of a score over seeds, and 95 % of it over resampled networks."""
    rng = np.random.default_rng(0)

    def difference(rows: NDArray[np.int64]) -> float:
        def mean(of: Predictions) -> float:
            return float(np.mean([scores(true[rows], of[seed][rows])[score] for seed in SEEDS]))

        return mean(one) - mean(other)

    count = len(true)
    drawn = [difference(rng.integers(count, size=count)) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return difference(np.arange(count)), float(low), float(high)


def seconds(start: Path) -> float:
    """Give the processor seconds of a training, the mean over seeds."""
    tables = [Path(f"{start}{seed}", "cost.csv").read_text(encoding="utf-8") for seed in SEEDS]
    rows = [row for table in tables for row in table.split()[1:]]
    return sum(float(row.split(",")[1]) for row in rows) / len(SEEDS)


def main() -> None:
    graphs = Path(sys.argv[1] if len(sys.argv) > 1 else "out/graphs")
    out = Path(sys.argv[2] if len(sys.argv) > 2 else "out/forms")
    params = Path(__file__).parent.parent / "params.yaml"
    runs = trained(params, graphs, out)
    graph_set = GraphSet.open(graphs)
    section = read_settings(params)
    task = open_task(settings_of(section), graph_set)
    measures: dict[str, Measure] = {}
    for name, start in runs.items():
        model = Predictor.load(f"{start}{SEEDS[0]}").trained.model
        width = FORMS[name]["hidden"]
        count = sum(parameter.numel() for parameter in model.parameters())
        about = f"{name}, width {width}, {EPOCHS[name]} epochs"
        measures[f"{about}: parameters"] = Measure(count, "")
        measures[f"{about}: a training"] = Measure(seconds(start), "s")
    test, validation = task.indices["test"], task.indices["validation"]
    for split, chosen in (
        ("test", test),
        ("validation", validation),
        ("both", [*test, *validation]),
    ):
        found = predictions(runs, graph_set, chosen)
        true = task.targets.values[chosen]
        for score in ("r2", "tau"):
            for name, own in found.items():
                values = [scores(true, own[seed])[score] for seed in SEEDS]
                measures[f"{split}: {score}, {name}"] = Measure(float(np.mean(values)), "")
            for name in ("narrow", "longer"):
                ends = interval(found[name], found["paper"], true, score)
                for label, value in zip(("", ", 2.5 %", ", 97.5 %"), ends, strict=True):
                    measures[f"{split}: {score}, {name} less paper{label}"] = Measure(value, "")
    save("forms", measures)


if __name__ == "__main__":
    main()
