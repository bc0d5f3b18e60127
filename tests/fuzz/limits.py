"""Bounds on what one call may take: seconds of the processor, and bytes beyond what is in use."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PAGE = resource.getpagesize()


class TookTooLongError(BaseException):
    """A call took longer than it may; no handler of `Exception` hides it."""


@contextmanager
def bounded(seconds: float, more_bytes: int) -> Iterator[None]:
    """Stop what takes longer, and let what takes more memory fail with `MemoryError`."""

    def stop(signum: int, frame: Any) -> None:
        raise TookTooLongError(f"more than {seconds} s")

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * PAGE
    before = signal.signal(signal.SIGPROF, stop)
    resource.setrlimit(resource.RLIMIT_AS, (in_use + more_bytes, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
