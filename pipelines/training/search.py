"""Searching: a model's open settings, chosen on validation networks."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from graphgen import GraphError
from graphgen.files import Kind, read_document, write_document
from graphgen.files.sealed import Replacement, read_part
from pipelines.errors import PipelineError
from pipelines.metrics import judged, leading_value
from pipelines.runs.collection import INDEX, RUNS
from pipelines.runs.diverged import DivergedError
from pipelines.runs.history import read_cost
from pipelines.runs.result import HASH, SETTINGS, read_result
from pipelines.training.ranges import admits, drawn, ranges_of
from pipelines.training.run import Run, Searched
from pipelines.training.trained import RUN

SEARCH = Kind(
    "graph-metanetworks/search",
    1,
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["of", "chosen", "model", "trials"],
        "properties": {
            "of": HASH,
            "chosen": {"type": "integer", "minimum": 0},
            "model": {"type": "object"},
            "trials": {"type": "array", "items": {"type": "object"}, "minItems": 1},
        },
    },
    "`gmn search`",
)


def trials_of(run: Run, search: Mapping[str, Any], repetition: float) -> list[Run]:
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
        trials.append(replace(run, model=model, seed=search.get("seed", 0), trial=number))
    return trials


def choose(run: Run, trials: Sequence[Run], new: Replacement) -> dict[str, Any]:
    """Compare finished trials by their scores on validation networks, and write the best one.

    Gives, and adds to the folder as `<label>.json`, the chosen `model`, and all `trials` with
    their scores. One that is not finished diverged; `DivergedError` if all did.
    """
    if not any(trial.finished() for trial in trials):
        raise DivergedError(
            f"{run.label}: all of its {len(trials)} trials diverged; let the range of its learning "
            "rate begin lower"
        )
    rows: list[dict[str, Any]] = []
    reached: list[float] = []
    for trial in trials:
        values = {".".join(path): trial.model[path[0]][path[1]] for path in ranges_of(run.model)}
        if not trial.finished():
            reached.append(-math.inf)
            rows.append({"values": values, "diverged": True})
            continue
        measured = read_result(trial.place(), RUN).settings["scores"]["validation"]
        if not judged(measured):
            place = trial.place() / SETTINGS
            raise PipelineError(f"{place}: scores: there is none by which trials are compared")
        reached.append(leading_value(measured))
        rows.append({"values": values, **measured})
    best = int(np.argmax(reached))
    chosen = copy.deepcopy(run.model)
    for path in ranges_of(run.model):
        chosen[path[0]][path[1]] = trials[best].model[path[0]][path[1]]
    result = {"of": run.hash, "chosen": best, "model": chosen, "trials": rows}
    new.add(f"{run.label}.json", lambda path: write_document(path, SEARCH, result))
    return result


def chosen_model(run: Run, folder: Path) -> dict[str, Any]:
    """Read the model that a search chose for a run; `PipelineError` if it was of another."""
    try:
        sealed = read_document(folder / INDEX, RUNS)
        result = read_document(read_part(folder, sealed, f"{run.label}.json"), SEARCH)
    except GraphError as error:
        raise PipelineError(f"{error}; run `gmn search` first") from None
    if result["of"] != run.hash:
        raise PipelineError(
            f"{folder / run.label}.json: this search was of other settings, graphs, code "
            "or versions; run `gmn search` again"
        )
    model: dict[str, Any] = result["model"]
    if not is_choice(run.model, model):
        raise PipelineError(
            f"{folder / run.label}.json: `model` is no choice of what the settings leave open; run "
            "`gmn search` again"
        )
    return model


def search_cost(run: Run, folder: Path) -> Searched:
    """Say what the search that chose a run's model cost."""
    sealed = read_document(folder / INDEX, RUNS)
    trials = read_document(read_part(folder, sealed, f"{run.label}.json"), SEARCH)["trials"]
    names = (replace(run, trial=number).folder_name for number in range(len(trials)))
    return Searched(len(trials), sum(sum(read_cost(folder / name).values()) for name in names))


def is_choice(asked: Mapping[str, Any], model: Mapping[str, Any]) -> bool:
    """Say whether a model is the one that is asked for, with a value of each of its ranges."""
    whole = copy.deepcopy(dict(asked))
    for (section, name), range_ in ranges_of(asked).items():
        given = model.get(section)
        if not isinstance(given, dict) or not admits(range_, given.get(name)):
            return False
        whole[section][name] = given[name]
    return whole == model
