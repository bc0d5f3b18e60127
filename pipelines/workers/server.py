"""The fork server: a process that has imported what workers need, and is forked for each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

_COMMAND = "pipelines.cli"
"""What a worker imports anew where this process is `gmn`, as the main module's import."""
METHOD = "forkserver"
"""Where there is no such method, as on Windows, workers are started one by one."""
_VARIABLE = "OMP_NUM_THREADS"


def begin_server(preload: Sequence[str]) -> None:
    """Begin to import modules in a server of this process, which goes on meanwhile.

        begin_server(["pipelines.training.run"])

    There is one server for each process: where it runs already, this does nothing. It must have no
    threads when it is forked, so it imports, and computes nothing; OpenMP and BLAS, which start
    theirs as they are imported, have one.
    """
    if METHOD not in multiprocessing.get_all_start_methods():
        return
    from multiprocessing import forkserver

    own = [name for name in (_COMMAND,) if name in sys.modules]
    forkserver.set_forkserver_preload([*own, *preload])
    # What to do about Ctrl-C, which goes to the whole group of processes, is this one's business.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        # A process that was forked from one with a server cannot ask after it.
        with one_thread_each(), suppress(ChildProcessError):
            forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let processes that start meanwhile use one thread: OpenMP reads its number only once."""
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before
