"""A pool of processes that survives the loss of a worker and never outlives its parent."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import pickle
import queue
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from metanet.memory import keep_freed_memory
from pipelines.workers.server import METHOD, begin_server, one_thread_each
from spec.plugins import asked_modules, import_modules

P = ParamSpec("P")
T = TypeVar("T")


class WorkerDied(BrokenExecutor):
    """The process that worked on a call died, by a signal or by running out of memory."""


class ProcessPool(Executor):
    """An executor with single-threaded worker processes.

        with ProcessPool(2, preload=["pipelines.zoo.fit"]) as pool:
            pool.submit(train, settings, 0).result()

    The future of a call whose process dies has a `WorkerDied`; the process is replaced, and other
    calls do not notice. Leaving the block by an exception kills the workers; so does the death of
    this process, however it dies. Functions and arguments must be importable and plain data.
    """

    def __init__(self, workers: int, preload: Sequence[str] = ()) -> None:
        methods = multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context(METHOD if METHOD in methods else "spawn")
        begin_server(preload)
        self._calls: queue.SimpleQueue[tuple[Future[Any], partial[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._processes: set[Any] = set()
        self._lock = threading.Lock()
        self._killed = False
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, args=(number,), daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue a call; calls begin in the order in which they were queued."""
        if self._closed:
            raise RuntimeError("the pool is closed")
        future: Future[T] = Future()
        self._calls.put((future, partial(function, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers when all queued calls are done, or only those that have begun."""
        self._closed = True
        if cancel_futures:
            with contextlib.suppress(queue.Empty):
                while call := self._calls.get_nowait():
                    call[0].cancel()
        for _ in self._threads:
            self._calls.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def kill(self) -> None:
        """End the workers now."""
        with self._lock:
            self._killed = True
            for process in self._processes:
                process.kill()
        self.shutdown(cancel_futures=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.shutdown()
        else:
            self.kill()

    def _serve(self, number: int) -> None:
        """Pass calls to one process after the other, in a thread."""
        process: Any = None
        while call := self._calls.get():
            future, function = call
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if process is None:
                    process, connection = self._start(number)
                connection.send(function)
                succeeded, value = connection.recv()
            except (EOFError, OSError) as error:
                cause = f"before it began ({error})" if process is None else self._end(process)
                process = None
                future.set_exception(WorkerDied(f"its worker process died {cause}"))
                continue
            except BaseException as error:
                future.set_exception(error)
                continue
            if succeeded:
                future.set_result(value)
            else:
                future.set_exception(value)
        if process is not None:
            connection.close()
            self._end(process)

    def _start(self, number: int) -> tuple[Any, Connection]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(theirs, number, asked_modules()), daemon=True
        )
        with self._lock:
            if self._killed:
                raise EOFError
            with one_thread_each():
                process.start()
            self._processes.add(process)
        theirs.close()
        return process, ours

    def _end(self, process: Any) -> str:
        """Wait for the end of a process, and say what it died of."""
        process.join()
        with self._lock:
            self._processes.discard(process)
        code = process.exitcode
        process.close()
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"of the signal {signal.Signals(-code).name}"
        return f"with exit code {code}"


_number = 0


def worker_number() -> int:
    """Say which of its pool's workers this process is, from 0; one in another's place has its."""
    return _number


def _work(connection: Connection, number: int, modules: Sequence[str]) -> None:
    """Serve calls until the parent closes the connection or dies."""
    global _number
    _number = number
    # Ctrl-C goes to the whole group of processes; what to do about it is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    keep_freed_memory()
    if modules:
        import_modules(modules)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            call = connection.recv_bytes()
            try:
                answer = ForkingPickler.dumps((True, pickle.loads(call)()))
            except Exception as error:
                answer = _failure(error)
            connection.send_bytes(answer)


def _failure(error: Exception) -> Any:
    """Encode an error with its traceback; in words, where it cannot be encoded itself."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        encoded = ForkingPickler.dumps((False, error))
        pickle.loads(encoded)
    except Exception:
        words = RuntimeError(f"{type(error).__name__}: {error}")
        words.__notes__ = error.__notes__
        return ForkingPickler.dumps((False, words))
    return encoded


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
