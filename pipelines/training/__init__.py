"""The train stage: every model of the settings with every seed, several at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from graphgen import GraphSet
from graphgen.files import exclusive
from pipelines.errors import PipelineError
from pipelines.settings import read_section
from pipelines.training.history import FILE
from pipelines.training.predictor import Predictor
from pipelines.training.run import Run
from pipelines.training.settings import SCHEMA


def train(
    settings_file: str | Path,
    graphs: str | Path,
    out: str | Path,
    workers: int | None = None,
    only: str | None = None,
) -> list[Run]:
    """Train all models of the settings, with one thread in each of `workers` processes.

        runs = train("params.yaml", "out/graphs", "out/train")

    Finished runs of the same settings and graph set are kept, stopped ones go on from their last
    epoch. `only` names one model. Gives the runs; their folders hold weights and histories.
    """
    settings = read_section(settings_file, "train", SCHEMA)
    graph_set = GraphSet.open(graphs)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    if only is not None and only not in settings["models"]:
        raise PipelineError(
            f"{settings_file}: no model {only!r}; the models are: {', '.join(settings['models'])}"
        )
    runs = [
        Run(name, seed, settings["target"], model, Path(graphs), graph_set.hash, out)
        for name, model in settings["models"].items()
        for seed in settings["seeds"]
        if only in (None, name)
    ]
    for run in runs:
        run.check()
    with exclusive(out):
        execute([run for run in runs if not run.finished()], workers or os.cpu_count() or 1)
    return runs


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


__all__ = ["Predictor", "Run", "train"]
