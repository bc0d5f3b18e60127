"""The train stage: every model of the settings with every seed, several at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tqdm import tqdm

from graphgen import GraphSet
from graphgen.files import exclusive
from pipelines.errors import PipelineError
from pipelines.settings import read_section
from pipelines.training.history import FILE
from pipelines.training.predictor import Predictor
from pipelines.training.ranges import ranges_of
from pipelines.training.run import Run
from pipelines.training.search import choose, chosen_model, trials_of
from pipelines.training.settings import SCHEMA


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
    settings = read_section(settings_file, "train", SCHEMA)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    runs = []
    for run in planned(settings_file, settings, graphs, out, only, networks):
        if choices is not None and ranges_of(run.model):
            run = replace(run, model=chosen_model(run, Path(choices)))
        runs += [replace(run, seed=seed) for seed in settings["seeds"]]
    for run in runs:
        run.check()
    with exclusive(out):
        left = [run for run in runs if not run.finished()]
        if processes == 1:
            execute(left, workers or os.cpu_count() or 1)
        else:
            for run in left:
                run.execute(processes)
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

    The best R2 on validation networks wins. Finished trials of the same settings are kept.
    """
    settings = read_section(settings_file, "train", SCHEMA)
    if "search" not in settings:
        raise PipelineError(f"{settings_file}: `train` has no `search`, with its `trials`")
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    runs = planned(settings_file, settings, graphs, out, only, networks)
    trials = {
        run.label: trials_of(run, settings["search"], repetition(run.networks, settings), out)
        for run in runs
    }
    every = [trial for own in trials.values() for trial in own]
    for trial in every:
        trial.check()
    with exclusive(out):
        execute([trial for trial in every if not trial.finished()], workers or os.cpu_count() or 1)
        return {run.label: choose(run, trials[run.label], out) for run in runs}


def planned(
    settings_file: str | Path,
    settings: dict[str, Any],
    graphs: str | Path,
    out: Path,
    only: str | None,
    networks: int | None,
) -> list[Run]:
    """List the runs of the settings, for each model and number of networks, with seed 0.

    Fewer networks are gone through more often, by the root of the ratio to the most.
    """
    graph_set = GraphSet.open(graphs)
    if only is not None and only not in settings["models"]:
        raise PipelineError(
            f"{settings_file}: no model {only!r}; the models are: {', '.join(settings['models'])}"
        )
    sizes = settings.get("networks", [None])
    if networks is not None and networks not in sizes:
        listed = ", ".join(str(size) for size in sizes if size is not None) or "not given"
        raise PipelineError(
            f"{settings_file}: {networks} is none of the numbers of training networks in "
            f"`networks`, which are: {listed}"
        )
    return [
        Run(
            name,
            0,
            settings["target"],
            more_epochs(model, repetition(size, settings)),
            Path(graphs),
            graph_set.hash,
            out,
            size,
        )
        for name, model in settings["models"].items()
        for size in sizes
        if only in (None, name) and networks in (None, size)
    ]


def repetition(networks: int | None, settings: dict[str, Any]) -> float:
    """Say how many times more often fewer networks are gone through."""
    return 1.0 if networks is None else (max(settings["networks"]) / networks) ** 0.5


def more_epochs(model: dict[str, Any], times: float) -> dict[str, Any]:
    """Give a model with that many times its epochs."""
    if "training" not in model:
        return model
    training = {**model["training"], "epochs": round(times * model["training"]["epochs"])}
    return {**model, "training": training}


def execute(runs: list[Run], workers: int) -> None:
    """Execute runs on a process pool, in their order, showing the epochs done."""
    if not runs:
        return
    with (
        one_thread_each(),
        ProcessPoolExecutor(
            min(workers, len(runs)), get_context("spawn"), initializer=begin_worker
        ) as pool,
    ):
        futures = [pool.submit(Run.execute, run) for run in runs]
        stop = threading.Event()
        watcher = threading.Thread(target=show_progress, args=(runs, stop))
        watcher.start()
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            cancel(futures, pool)
            raise
        finally:
            stop.set()
            watcher.join()


def cancel(futures: list[Future[None]], pool: ProcessPoolExecutor) -> None:
    """Let no further run begin, and stop those at work: they go on from their checkpoints."""
    for future in futures:
        future.cancel()
    for process in list((pool._processes or {}).values()):
        process.terminate()


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let processes that start meanwhile use one thread: OpenMP reads its number only once."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def begin_worker() -> None:
    """End a worker with its parent."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            threading.Event().wait(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def show_progress(runs: list[Run], stop: threading.Event) -> None:
    """Show the number of epochs done in all runs, read from their histories."""
    with tqdm(total=sum(run.epochs for run in runs), unit="epoch", desc="train") as bar:
        while not stop.wait(0.5):
            bar.update(sum(epochs_done(run) for run in runs) - bar.n)
        bar.update(sum(run.epochs for run in runs if run.finished()) - bar.n)


def epochs_done(run: Run) -> int:
    """Count the epochs in a run's history."""
    if run.finished():
        return run.epochs
    try:
        lines = (run.folder / FILE).read_text(encoding="utf-8").count("\n")
    except OSError:
        return 0
    return min(run.epochs, max(0, lines - 1))


__all__ = ["Predictor", "Run", "search", "train"]
