"""Processes: several runs at a time, or several processes on one run."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context

from tqdm import tqdm

from graphgen.errors import GraphError
from metanet.errors import MetanetError
from pipelines.errors import PipelineError
from pipelines.runs.checkpoint import epochs_done
from pipelines.runs.diverged import DivergedError
from pipelines.runs.job import Job


def execute(
    every: Sequence[Job], workers: int | None, processes: int = 1, label: str = "train"
) -> None:
    """Execute the runs that are not finished, in their order; `label` is that of the progress bar.

    They share a pool of `workers` processes, one for each run at work, showing the epochs done; or,
    with several `processes`, those work together on one run after the other. A run that fails, for
    it diverged, does not stop the others: `PipelineError` at the end says which failed, and it is a
    `DivergedError` if all of these diverged.
    """
    runs = [run for run in every if not run.finished()]
    failed: list[Exception] = []
    if processes > 1:
        for run in runs:
            try:
                run.execute(processes)
            except (GraphError, MetanetError, PipelineError) as error:
                failed.append(error)
    elif runs:
        failed = execute_in_pool(runs, workers or os.cpu_count() or 1, label)
    if failed:
        kind = PipelineError if any(type(e) is not DivergedError for e in failed) else DivergedError
        raise kind("\n".join(sorted(map(str, failed))))


def execute_in_pool(runs: Sequence[Job], workers: int, label: str) -> list[Exception]:
    """Execute runs in a pool of processes; give the errors of those that failed."""
    failed: list[Exception] = []
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
                try:
                    future.result()
                except (GraphError, MetanetError, PipelineError) as error:
                    failed.append(error)
        except BrokenProcessPool:
            raise PipelineError(
                "a worker process died, perhaps for want of memory; what is finished is kept: run "
                "the same command again, with fewer `--workers`"
            ) from None
        except BaseException:
            cancel(futures, pool)
            raise
        finally:
            stop.set()
            watcher.join()
    return failed


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
    """End a worker with its parent, to which Ctrl-C is left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            threading.Event().wait(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def show_progress(runs: Sequence[Job], stop: threading.Event, label: str) -> None:
    """Show the number of epochs done in all runs, read from their checkpoints."""

    def done() -> int:
        return sum(run.epochs if run.finished() else epochs_done(run.work_folder) for run in runs)

    with tqdm(total=sum(run.epochs for run in runs), unit="epoch", desc=label) as bar:
        while not stop.wait(0.5):
            bar.update(done() - bar.n)
        bar.update(done() - bar.n)
