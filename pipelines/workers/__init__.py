"""Workers: processes of this machine, or of a Dask cluster, that share work on plain data."""

from __future__ import annotations

from pipelines.workers.calls import outcomes, run_all, run_in_order
from pipelines.workers.crew import opened, usable_cpus
from pipelines.workers.pool import ProcessPool, WorkerDied

__all__ = [
    "ProcessPool",
    "WorkerDied",
    "opened",
    "outcomes",
    "run_all",
    "run_in_order",
    "usable_cpus",
]
