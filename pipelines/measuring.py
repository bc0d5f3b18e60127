"""Measuring trained models on networks held out: what they say, how well, and at what cost."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from graphgen import GraphSet
from pipelines.devices import CPU, shared_devices
from pipelines.graphs import opened_set
from pipelines.metrics.predictions import GROUP
from pipelines.out_of_distribution import OUT_OF_DISTRIBUTION
from pipelines.prediction import loaded_run
from pipelines.runs.preload import PREDICTING
from pipelines.runs.restore import applying
from pipelines.tasks.registry import open_task
from pipelines.tasks.task import Measured, Task
from pipelines.tasks.views import views_of
from pipelines.training.observing import batches
from pipelines.training.trained import Trained
from pipelines.views.spent import spent_on_views
from pipelines.workers import fan_out, one_thread

HELD_OUT = ("validation", "test", *OUT_OF_DISTRIBUTION)


@dataclass(frozen=True)
class Found:
    """A finished run that is to be evaluated."""

    folder: Path
    trained: Trained

    @property
    def folder_name(self) -> str:
        """The name of the run's folder, once it is in its place."""
        return f"{self.name}-seed{self.seed}"

    @property
    def name(self) -> str:
        """The model's name, with the number of networks if one was asked for."""
        networks = self.trained.about.get("networks")
        own = str(self.trained.about["name"])
        return own if networks is None else f"{own}-{networks}"

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.trained.about["seed"])


def measure(
    runs: Sequence[Found],
    graph_set: GraphSet,
    device: str = CPU,
    workers: int | None = None,
    scheduler: str | None = None,
) -> tuple[
    list[dict[str, Any]],
    dict[str, list[dict[str, Any]]],
    dict[str, Any],
    list[dict[str, float]],
]:
    """Measure runs: rows of predictions, scores by split, examples of each first seed, and cost.

    The cost is in processor seconds of each run, by what they were spent on.
    """
    rows: list[dict[str, Any]] = []
    measured: dict[str, list[dict[str, Any]]] = {split: [] for split in HELD_OUT}
    examples: dict[str, Any] = {}
    seconds: list[dict[str, float]] = []
    first = {run.name: run.seed for run in reversed(runs)}
    graphs = graph_set.folder if scheduler is None else graph_set.folder.resolve()
    places = shared_devices(device, scheduler)
    if CPU not in places:
        workers = workers or len(places)
    calls = [
        (
            str(run.folder if scheduler is None else run.folder.resolve()),
            *(
                run.trained.about["run"],
                str(graphs),
                graph_set.hash,
                place,
                run.seed == first[run.name],
            ),
        )
        for run, place in zip(runs, cycle(places), strict=False)
    ]
    preload = [__name__, *PREDICTING]
    found = fan_out(
        *(measure_run, calls, workers, scheduler, preload, lambda call: str(call[0]), "evaluate"),
        unit="run",
    )
    for run, (own, scores, shown, spent) in zip(runs, found, strict=True):
        seconds.append(spent)
        about = {"model": run.name, "seed": run.seed}
        rows += [{**about, **row} for row in own]
        for split, reached in scores.items():
            measured[split].append({**about, **reached})
        examples |= {f"{run.name}.{key}": array for key, array in shown.items()}
    return rows, measured, examples, seconds


def measure_run(
    folder: str, identity: str, graphs: str, graphs_hash: str, device: str, show: bool
) -> tuple[list[dict[str, Any]], dict[str, dict[str, float]], dict[str, Any], dict[str, float]]:
    """Measure one run: rows of predictions, scores by split, examples where shown, and cost."""
    trained, graph_set = loaded_run(folder, identity, device), opened_set(graphs, graphs_hash)
    rows: list[dict[str, Any]] = []
    scores: dict[str, dict[str, float]] = {}
    spent = 0.0
    task = open_task(trained.task, graph_set)
    chosen = [i for split in HELD_OUT for i in task.indices.get(split, ())]
    with one_thread():
        seconds = spent_on_views(trained.model, graph_set, chosen)
        for split in HELD_OUT:
            indices = task.indices.get(split)
            if not indices:
                continue
            with applying(f"{folder}, on {split} networks"):
                result, took = measured(task, trained, indices)
            spent += took
            scores[split] = result.scores
            for i, own in zip(indices, result.rows, strict=True):
                record = graph_set.records[i]
                about = {
                    "network": record.get("index", i),
                    "family": record.get("family", "unknown"),
                    "split": split,
                }
                rows.append({**about, **own, **together(record)})
        shown = task.examples(trained.model) if show else {}
    return rows, scores, shown, {**seconds, "prediction": spent / max(len(rows), 1)}


def measured(task: Task, trained: Trained, indices: Sequence[int]) -> tuple[Measured, float]:
    """Measure a model on networks whose views are there; give the processor seconds too."""
    if views_of(trained.model):
        for _ in batches(task.graph_set, indices, trained.model):
            pass
    begun = time.process_time()
    result = task.measure(trained.model, trained.state, indices)
    return result, time.process_time() - begun


def together(record: Mapping[str, Any]) -> dict[str, Any]:
    """Say of which training a network is a checkpoint, if of one of several, and of which zoo."""
    group = {GROUP: record["network"]} if "network" in record else {}
    return {**group, **({"zoo": record["zoo"]} if "zoo" in record else {})}
