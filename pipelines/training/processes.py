"""Processes: several runs at a time, or several processes on one run."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from tqdm import tqdm

from pipelines.training.history import FILE


class Job(Protocol):
    """What can be executed in a process of its own, and shows its epochs in a history."""

    @property
    def folder(self) -> Path:
        """Where the history and the result are written."""

    @property
    def epochs(self) -> int:
        """The number of epochs."""

    def finished(self) -> bool:
        """Say whether the folder holds the result."""

    def execute(self, processes: int = 1) -> None:
        """Work, or go on where a stopped job left off, and save the result."""


def execute(
    every: Sequence[Job], workers: int | None, processes: int = 1, label: str = "train"
) -> None:
    """Execute the runs that are not finished, in their order; `label` is that of the progress bar.

    They share a pool of `workers` processes, one for each run at work, showing the epochs done; or,
    with several `processes`, those work together on one run after the other.
    """
    runs = [run for run in every if not run.finished()]
    if processes > 1:
        for run in runs:
            run.execute(processes)
        return
    if not runs:
        return
    workers = workers or os.cpu_count() or 1
    with (
        one_thread_each(),
        ProcessPoolExecutor(
            min(workers, len(runs)), get_context("spawn"), initializer=begin_worker
        ) as pool,
    ):
        futures = [pool.submit(run.execute) for run in runs]
        stop = threading.Event()
        watcher = threading.Thread(target=show_progress, args=(runs, stop, label))
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


def show_progress(runs: Sequence[Job], stop: threading.Event, label: str) -> None:
    """Show the number of epochs done in all runs, read from their histories."""
    with tqdm(total=sum(run.epochs for run in runs), unit="epoch", desc=label) as bar:
        while not stop.wait(0.5):
            bar.update(sum(epochs_done(run) for run in runs) - bar.n)
        bar.update(sum(run.epochs for run in runs if run.finished()) - bar.n)


def epochs_done(run: Job) -> int:
    """Count the epochs in a run's history."""
    if run.finished():
        return run.epochs
    try:
        lines = (run.folder / FILE).read_text(encoding="utf-8").count("\n")
    except OSError:
        return 0
    return min(run.epochs, max(0, lines - 1))
