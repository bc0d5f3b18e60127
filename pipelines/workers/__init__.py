"""Workers: processes of this machine, or of a Dask cluster, that share work on plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from pipelines.workers.calls import outcomes, run_all, run_in_order
    from pipelines.workers.crew import opened, usable_cpus
    from pipelines.workers.fanning import fan_out, pieces
    from pipelines.workers.pool import ProcessPool, WorkerDied, worker_number
    from pipelines.workers.server import begin_server
    from pipelines.workers.threads import one_thread
else:
    lazily(__name__)

__all__ = [
    "ProcessPool",
    "WorkerDied",
    "begin_server",
    "fan_out",
    "one_thread",
    "opened",
    "outcomes",
    "pieces",
    "run_all",
    "run_in_order",
    "usable_cpus",
    "worker_number",
]
