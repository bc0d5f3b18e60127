"""The crew that does some work: processes of this machine, or those of a Dask scheduler."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager

from pipelines.errors import PipelineError
from pipelines.workers.cluster import AHEAD, Cluster
from pipelines.workers.pool import ProcessPool


@contextmanager
def opened(
    calls: int, workers: int | None, scheduler: str | None = None, preload: Sequence[str] = ()
) -> Iterator[tuple[Executor, int]]:
    """Open who is to do a number of calls; give it, and how many calls should lie ready.

        with opened(len(calls), workers, scheduler, ["torch"]) as (executor, ahead):
            results = run_all(executor, function, calls, ahead)

    They are `workers` processes (by default one for each CPU that may be used, never more than
    calls), which have imported `preload`; or the workers of the Dask scheduler at the address
    `scheduler`, of which `local` starts as many on this machine.

    Raises `PipelineError` for fewer workers than one, and for a scheduler that does not answer.
    """
    if workers is not None and workers < 1:
        raise PipelineError(f"`workers` is {workers}; expected 1 or more")
    count = max(1, min(workers or usable_cpus(), calls))
    if scheduler is not None:
        with Cluster(scheduler, count) as cluster:
            yield cluster, AHEAD
        return
    with ProcessPool(count, preload) as pool:
        # One call for each worker lies ready, so that none waits for what becomes of results.
        yield pool, 2 * count


def usable_cpus() -> int:
    """Count the CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
