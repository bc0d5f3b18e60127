"""The train stage: every model of the settings with every seed, and the search before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any

from graphgen.files.sealed import known_parts
from pipelines.devices import CPU, shared_devices
from pipelines.errors import PipelineError
from pipelines.runs.collection import INDEX, RUNS, collecting, commit
from pipelines.runs.diverged import DivergedError
from pipelines.runs.processes import execute
from pipelines.runs.result import read_settings
from pipelines.runs.watch import NOBODY, Watch
from pipelines.settings import place_of
from pipelines.training.planning import planned, repetition, selected
from pipelines.training.ranges import ranges_of
from pipelines.training.run import Run
from pipelines.training.search import choose, chosen_model, search_cost, trials_of
from pipelines.training.trained import RUN
from pipelines.zoo.fields import AnySettings


def train(
    settings_file: AnySettings,
    graphs: str | Path,
    out: str | Path,
    workers: int | None = None,
    only: str | None = None,
    networks: int | None = None,
    choices: str | Path | None = None,
    processes: int = 1,
    replace: bool = False,
    scheduler: str | None = None,
    device: str = CPU,
    log: str | Path | None = None,
    watch: Watch = NOBODY,
) -> list[Run]:
    """Train all models of the settings, with one thread in each of `workers` processes.

        runs = train("params.yaml", "out/graphs", "out/train")

    Finished runs of the same settings, code and graph set are kept, stopped ones go on from their
    last epoch. Those of others are refused, or, with `replace`, stay whole until all new ones are
    there. `only` names one model, `networks` one of the numbers of training networks; `choices` is
    the folder of searches, for models with ranges. With several `processes`, they share each batch
    of one run after the other. The workers of a Dask `scheduler` have to see the folders `graphs`
    and `out`. A `device` is as `pipelines.devices.devices_of` has it: runs are spread over several,
    one process each, and give the same numbers on all up to rounding. The numbers of each epoch are
    also written as they come, to a table for each run in the folder `log`, or told to who is to
    `watch`. A run that diverges does
    not stop the others: it is named at the end, by a `PipelineError`. Gives the runs; their folders
    hold weights and histories.
    """
    devices = shared_devices(device, scheduler)
    settings, bare = planned(settings_file, graphs, Path(out), only)
    seeds, chosen = settings["seeds"], selected(bare, settings_file, only, networks)
    runs = [one for run in chosen for one in with_seeds(settled(run, choices), seeds)]
    for run in runs:
        run.check()
    beside = [one for run in bare if run not in chosen for one in with_seeds(run, seeds)]
    every = [*runs, *(run for run in beside if not ranges_of(run.model))]
    kept = searched(run for run in beside if ranges_of(run.model))
    with collecting(Path(out), runs, replace) as new:
        try:
            execute(
                runs, workers, processes, scheduler=scheduler, devices=devices, log=log, watch=watch
            )
        except PipelineError:
            if any(run.finished() for run in runs):
                commit(new, every, replace, kept)
            raise
        commit(new, every, replace, kept)
    return runs


def settled(run: Run, choices: str | Path | None) -> Run:
    """Give a run the model that a search chose for it, if it has ranges."""
    if choices is None or not ranges_of(run.model):
        return run
    model = chosen_model(run, Path(choices))
    return replaced(run, model=model, asked=run.model, search=search_cost(run, Path(choices)))


def searched(runs: Iterable[Run]) -> dict[str, str]:
    """Find those in their places of runs that a search chose settings for: identities by name."""
    found = {}
    for run in runs:
        settings = read_settings(run.folder, RUN) if run.folder.exists() else None
        if settings is not None and settings["asked"] == run.asked_hash:
            found[run.folder_name] = settings["run"]
    return found


def with_seeds(run: Run, seeds: Sequence[int]) -> list[Run]:
    """Repeat a run with every seed."""
    return [replaced(run, seed=seed) for seed in seeds]


def search(
    settings_file: AnySettings,
    graphs: str | Path,
    out: str | Path,
    workers: int | None = None,
    only: str | None = None,
    networks: int | None = None,
    replace: bool = False,
    scheduler: str | None = None,
    device: str = CPU,
    log: str | Path | None = None,
) -> dict[str, dict[str, Any]]:
    """Choose the open settings of all models that have some, by short trials.

        chosen = search("params.yaml", "out/graphs", "out/search")["gmn"]["model"]

    The best leading score on validation networks wins, such as R2. Finished trials of the same
    settings are kept; those of others are refused, or replaced with `replace`. A trial that
    diverges is never chosen.
    """
    devices = shared_devices(device, scheduler)
    settings, bare = planned(settings_file, graphs, Path(out), only)
    if "search" not in settings:
        raise PipelineError(
            f"{place_of(settings_file)}: `train` has no `search`, with its `trials`"
        )
    runs = selected(bare, settings_file, only, networks)
    trials = {
        run.label: trials_of(run, settings["search"], repetition(run.networks, settings))
        for run in runs
    }
    every = [trial for own in trials.values() for trial in own]
    for trial in every:
        trial.check()
    with collecting(Path(out), every, replace) as new:
        with suppress(DivergedError):
            execute(every, workers, label="search", scheduler=scheduler, devices=devices, log=log)
        chosen = {run.label: choose(run, trials[run.label], new) for run in runs}
        others = [run for run in bare if run not in runs]
        commit(new, every, replace, kept_choices(others, Path(out)))
    return chosen


def kept_choices(runs: Iterable[Run], out: Path) -> dict[str, str]:
    """Find what was chosen before for other models of these settings: identities by name."""
    before = known_parts(out / INDEX, RUNS)
    kept: dict[str, str] = {}
    for run in runs:
        try:
            chosen_model(run, out)
        except PipelineError:
            continue
        own = (f"{run.label}.json", f"{run.label}-trial")
        kept |= {name: sha256 for name, sha256 in before.items() if name.startswith(own)}
    return kept
