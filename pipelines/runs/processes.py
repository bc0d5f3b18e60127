"""Processes: several runs at a time, or several processes on one run."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch

from graphgen.errors import GraphError
from metanet.errors import MetanetError
from pipelines.devices import CPU
from pipelines.errors import PipelineError
from pipelines.progress import Progress, progress
from pipelines.runs.checkpoint import epochs_done
from pipelines.runs.diverged import DivergedError
from pipelines.runs.job import Job
from pipelines.runs.preload import EVERY
from pipelines.runs.watch import NOBODY, Watch
from pipelines.workers import one_thread, opened, outcomes, worker_number

FAILURES = (GraphError, MetanetError, PipelineError)


def execute(
    every: Sequence[Job],
    workers: int | None,
    processes: int = 1,
    label: str = "train",
    scheduler: str | None = None,
    devices: Sequence[str] = (CPU,),
    log: str | Path | None = None,
    watch: Watch = NOBODY,
) -> None:
    """Execute the runs that are not finished; `label` is that of the progress bar.

    They share `workers` processes, one for each run at work, or those of a `scheduler`, which have
    to see the folders of the runs and of what they are trained on; the runs with most to do begin
    first. Each worker has one of the `devices`, of which GPUs have a worker each if `workers` is
    left open. Or, with several `processes`, those work together on one run after the other; so does
    this process alone where somebody is to `watch`. A run
    that fails, for it diverged or its process died three times, does not stop the others:
    `PipelineError` at the end says which failed, and it is a `DivergedError` if all of these
    diverged.
    """
    if processes > 1 and scheduler is not None:
        raise PipelineError(
            f"got {processes} processes for each run and the scheduler {scheduler!r}; expected one "
            "of them: a cluster works on many runs at once"
        )
    if processes > 1 and watch:
        raise PipelineError(
            f"got {processes} processes for each run, and loggers or `on_epoch`, which are told by "
            "one: give `log`, a folder, or one process"
        )
    runs = [run for run in every if not run.finished()]
    failed: list[Exception] = []
    if processes > 1 or watch:
        threads = one_thread() if processes == 1 else nullcontext()
        with threads, showing_progress(runs, label) as done:
            for number, run in enumerate(runs):
                try:
                    run.execute(processes, devices[0], None if log is None else Path(log), watch)
                except FAILURES as error:
                    failed.append(error)
                done.add(number)
    elif runs:
        failed = execute_in_pool(longest_first(runs), workers, label, scheduler, devices, log)
    if failed:
        kind = PipelineError if any(type(e) is not DivergedError for e in failed) else DivergedError
        raise kind("\n".join(sorted(map(str, failed))))


def longest_first(runs: Sequence[Job]) -> list[Job]:
    """Sort runs by what there is to do, so that no long one is left alone at the end."""
    return sorted(runs, key=lambda run: -run.work_left)


def execute_in_pool(
    runs: Sequence[Job],
    workers: int | None,
    label: str,
    scheduler: str | None = None,
    devices: Sequence[str] = (CPU,),
    log: str | Path | None = None,
) -> list[Exception]:
    """Execute runs side by side, in their order; give the errors of those that failed."""
    failed: list[Exception] = []
    preload = dict.fromkeys([*EVERY, *(name for run in runs for name in run.imports)])
    folder = None if log is None else Path(log).resolve()
    calls = [(run if scheduler is None else from_anywhere(run), devices, folder) for run in runs]
    if workers is None and CPU not in devices:
        workers = len(devices)
    with (
        showing_progress(runs, label) as done,
        opened(len(runs), workers, scheduler, list(preload)) as (crew, ahead),
    ):
        for number, future in outcomes(
            crew, execute_alone, calls, ahead, lambda call: call[0].folder_name
        ):
            try:
                future.result()
            except FAILURES as error:
                failed.append(error)
            done.add(number)
    return failed


def execute_alone(run: Job, devices: Sequence[str], log: Path | None) -> None:
    """Execute a run in a worker, with one thread, on the worker's device."""
    torch.set_num_threads(1)
    run.execute(device=devices[worker_number() % len(devices)], log=log)


def from_anywhere(run: Job) -> Job:
    """Name the folders of a run as processes of another working directory find them."""
    named: Any = run
    values = {field.name: getattr(run, field.name) for field in fields(named)}
    paths = {name: value.resolve() for name, value in values.items() if isinstance(value, Path)}
    job: Job = replace(named, **paths)
    return job


@contextmanager
def showing_progress(runs: Sequence[Job], label: str) -> Iterator[set[int]]:
    """Show the epochs done in all runs, read from their checkpoints, and what is left of both.

    Gives a set, for the numbers of the runs that are done. `pipelines.progress` says how.
    """
    done: set[int] = set()
    stop = threading.Event()

    def epochs() -> int:
        return sum(
            run.epochs if number in done else epochs_done(run.work_folder)
            for number, run in enumerate(runs)
        )

    def tell(shown: Progress) -> None:
        shown.update(epochs() - shown.done, f"{len(runs) - len(done)} runs left")

    def watch() -> None:
        total, before = sum(run.epochs for run in runs), epochs()
        with progress(label, "epoch", total, before) as shown:
            while shown.seconds is not None and not stop.wait(shown.seconds):
                tell(shown)
            tell(shown)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield done
    finally:
        stop.set()
        watcher.join()
