"""Workers: processes of this machine, or of a Dask cluster, that share work on plain data."""

from __future__ import annotations

from pipelines.workers.calls import run_all
from pipelines.workers.crew import opened, usable_cpus
from pipelines.workers.pool import ProcessPool, WorkerDied

__all__ = ["ProcessPool", "WorkerDied", "opened", "run_all", "usable_cpus"]
