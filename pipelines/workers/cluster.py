"""A Dask cluster in the place of a process pool: the same futures, on one machine or on many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from pipelines.errors import PipelineError
from pipelines.workers.pool import WorkerDied
from spec.plugins import asked_modules, import_modules

LOCAL = "local"
AHEAD = 512
"""Calls that lie ready on the scheduler, so that workers may join at any time."""
_SECONDS = 10
_ANY_PORT = ":0"  # of the dashboard: several clusters may run side by side
P = ParamSpec("P")
T = TypeVar("T")


class Cluster(Executor):
    """An executor on the workers of a Dask scheduler.

        with Cluster("tcp://10.0.0.1:8786") as cluster:
            cluster.submit(train, settings, 0).result()

    With the address `local` it starts `workers` processes of its own. Dask replaces workers that
    die, and begins their calls again; the future of a call that took several workers with it has
    a `WorkerDied`. That of a call lost with its scheduler has a `PipelineError`.
    """

    def __init__(self, address: str, workers: int) -> None:
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            raise PipelineError(
                "a scheduler needs Dask; install it by: pip install 'graph-metanetworks[dask]'"
            ) from None
        self.address = address
        self._local: Any = None
        if address == LOCAL:
            self._local = LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=_ANY_PORT
            )
        try:
            self._client: Any = Client(
                self._local or address, timeout=_SECONDS, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise PipelineError(
                f"{address}: no Dask scheduler answers at this address ({error}); start one by "
                f"`dask scheduler`, or give `{LOCAL}` for workers on this machine"
            ) from None

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Send a call to the scheduler."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        call = partial(with_modules, asked_modules(), function)
        remote = self._client.submit(call, *args, pure=False, **kwargs)
        remote.add_done_callback(partial(self._pass_on, future))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the scheduler, which forgets the calls that are not done; end local workers."""
        self._client.close(timeout=_SECONDS)
        if self._local is not None:
            self._local.close(timeout=_SECONDS)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()

    def _pass_on(self, future: Future[Any], remote: Any) -> None:
        """Give the outcome of Dask's future to ours."""
        from distributed import KilledWorker

        status = remote.status
        if status == "finished":
            try:
                future.set_result(remote.result())
                return
            except Exception as error:  # the result was lost with the worker that held it
                future.set_exception(WorkerDied(f"its result was lost: {error}"))
                return
        if status == "error":
            cause = remote.exception()
            died = isinstance(cause, KilledWorker)
            future.set_exception(WorkerDied(f"its workers died: {cause}") if died else cause)
            return
        if status in ("lost", "pending"):  # between Dask's call of us and our reading the status
            future.set_exception(WorkerDied("its result was lost with the worker that held it"))
            return
        future.set_exception(
            PipelineError(
                f"{self.address}: the connection to the scheduler was lost; what is finished is "
                "kept: start a scheduler, then run the same command again"
            )
        )


def with_modules(
    modules: Sequence[str], function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Call a function where modules are imported that the user named."""
    if modules:
        import_modules(modules)
    return function(*args, **kwargs)
