"""The train stage: every model of the settings with every seed, and the search before it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from graphgen.files import exclusive
from pipelines.errors import PipelineError
from pipelines.training.editor import Editor
from pipelines.training.planning import planned, repetition
from pipelines.training.predictor import Predictor
from pipelines.training.processes import execute
from pipelines.training.ranges import ranges_of
from pipelines.training.run import Run
from pipelines.training.search import choose, chosen_model, trials_of


def train(
    settings_file: str | Path,
    graphs: str | Path,
    out: str | Path,
    workers: int | None = None,
    only: str | None = None,
    networks: int | None = None,
    choices: str | Path | None = None,
    processes: int = 1,
) -> list[Run]:
    """Train all models of the settings, with one thread in each of `workers` processes.

        runs = train("params.yaml", "out/graphs", "out/train")

    Finished runs of the same settings and graph set are kept, stopped ones go on from their last
    epoch. `only` names one model, `networks` one of the numbers of training networks; `choices` is
    the folder of searches, for models with ranges. With several `processes`, they share each batch
    of one run after the other. Gives the runs; their folders hold weights and histories.
    """
    out = Path(out)
    settings, bare = planned(settings_file, graphs, out, only, networks)
    runs = []
    for run in bare:
        if choices is not None and ranges_of(run.model):
            run = replace(run, model=chosen_model(run, Path(choices)))
        runs += [replace(run, seed=seed) for seed in settings["seeds"]]
    for run in runs:
        run.check()
    with exclusive(out):
        execute(runs, workers, processes)
    return runs


def search(
    settings_file: str | Path,
    graphs: str | Path,
    out: str | Path,
    workers: int | None = None,
    only: str | None = None,
    networks: int | None = None,
) -> dict[str, dict[str, Any]]:
    """Choose the open settings of all models that have some, by short trials.

        chosen = search("params.yaml", "out/graphs", "out/search")["gmn"]["model"]

    The best leading score on validation networks wins, such as R2. Finished trials of the same
    settings are kept.
    """
    out = Path(out)
    settings, runs = planned(settings_file, graphs, out, only, networks)
    if "search" not in settings:
        raise PipelineError(f"{settings_file}: `train` has no `search`, with its `trials`")
    trials = {
        run.label: trials_of(run, settings["search"], repetition(run.networks, settings), out)
        for run in runs
    }
    every = [trial for own in trials.values() for trial in own]
    for trial in every:
        trial.check()
    with exclusive(out):
        execute(every, workers)
        return {run.label: choose(run, trials[run.label], out) for run in runs}


__all__ = ["Editor", "Predictor", "Run", "search", "train"]
