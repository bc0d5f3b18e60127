"""Searching: a model's open settings, chosen on validation networks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from graphgen import GraphSet
from graphgen.files import write_json
from pipelines.errors import PipelineError
from pipelines.metrics import leading_value
from pipelines.settings import settings_hash
from pipelines.tasks import identity_of, open_task
from pipelines.training.ranges import drawn, ranges_of
from pipelines.training.run import Run
from pipelines.training.trained import Trained


def trials_of(run: Run, search: Mapping[str, Any], repetition: float, out: Path) -> list[Run]:
    """Give the trials of a model: short runs with settings drawn from its ranges.

    Every model has equally many of them, of equally many epochs (times `repetition`). What a trial
    draws depends on the search's seed and its number alone.
    """
    trials = []
    for number in range(search["trials"]):
        rng = np.random.default_rng([search.get("seed", 0), number])
        model = drawn(run.model, rng)
        if "epochs" in search and "training" in model:
            model["training"]["epochs"] = round(repetition * search["epochs"])
        folder = out / run.label / f"trial{number}"
        trials.append(replace(run, model=model, seed=search.get("seed", 0), out=folder))
    return trials


def choose(run: Run, trials: list[Run], out: Path) -> dict[str, Any]:
    """Score finished trials on validation networks, and write which one was best.

    Gives, and writes to `<label>.json`, the chosen `model`, and all `trials` with their scores.
    """
    task = open_task(run.task, GraphSet.open(run.graphs), run.networks)
    rows, reached = [], []
    for trial in trials:
        trained = Trained.load(trial.folder)
        validation = task.indices["validation"]
        measured = task.measure(trained.model, trained.state, validation).scores
        values = {".".join(path): trial.model[path[0]][path[1]] for path in ranges_of(run.model)}
        reached.append(leading_value(measured))
        rows.append({"values": values, **measured})
    best = int(np.argmax(reached))
    chosen = json.loads(json.dumps(run.model))
    for path in ranges_of(run.model):
        chosen[path[0]][path[1]] = trials[best].model[path[0]][path[1]]
    result = {"of": identity(run), "chosen": best, "model": chosen, "trials": rows}
    write_json(out / f"{run.label}.json", result)
    return result


def chosen_model(run: Run, folder: Path) -> dict[str, Any]:
    """Read the model that a search chose for a run; `PipelineError` if it was of another."""
    path = folder / f"{run.label}.json"
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PipelineError(f"{path}: no such file; run `gmn search` first") from None
    except ValueError as error:
        raise PipelineError(f"{path}: not readable as JSON: {error}") from None
    if result.get("of") != identity(run):
        raise PipelineError(
            f"{path}: this search was of other settings or graphs; run `gmn search` again"
        )
    model: dict[str, Any] = result["model"]
    return model


def identity(run: Run) -> str:
    """Identify what a search is about."""
    what, *beside = identity_of(run.task)
    return settings_hash(what, run.model, run.graphs_hash, run.networks, *beside)
