"""One process at a time in a folder."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from graphgen.errors import GraphError
from graphgen.files.regular import open_regular

_held: set[int] = set()


@contextlib.contextmanager
def exclusive(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Hold the lock of an existing `folder` for the block; no other process gets it meanwhile.

    The lock is `flock` on the file `.lock` in the folder, removed at the end. It ends with the
    process that took it, however that dies, and processes forked from it do not share it.
    Raises `GraphError` at once, naming the folder and the holder, when the lock is taken, be it
    by this process.

    ```python
    with exclusive("zoo"):
        ...
    ```
    """
    path = Path(folder) / ".lock"
    descriptor = _acquire(path)
    _held.add(descriptor)
    owner = os.getpid()
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{owner} {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        # A forked child that leaves the block has lost the descriptor, whose number may be reused.
        if os.getpid() == owner:
            _held.discard(descriptor)
            try:
                if _is_current(descriptor, path):
                    with contextlib.suppress(OSError):
                        path.unlink()
            finally:
                os.close(descriptor)


def _acquire(path: Path) -> int:
    # Imported here so that the package can be imported where the module is missing.
    import fcntl

    while True:
        try:
            descriptor = open_regular(path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise GraphError(
                f"{path.parent}: cannot be locked ({error.strerror}: {path.name}); expected an "
                "existing folder that can be written to, with no link or pipe of that name"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The holder removes the file at its end: a lock on a removed file is worth nothing.
            if _is_current(descriptor, path):
                return descriptor
        except BlockingIOError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise GraphError(
                f"{path.parent}: in use by {holder}; wait for it to end or stop it, then try again"
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise GraphError(
                f"{path.parent}: cannot be locked ({error.strerror}); expected a file system with "
                "flock, so use a local folder"
            ) from error
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    # The holder writes its number just after it gets the lock.
    for _ in range(20):
        words = os.pread(descriptor, 256, 0).decode(errors="replace").split()
        if len(words) == 2 and words[0].isdigit():
            this = " (this process)" if words[0] == str(os.getpid()) else ""
            return f"process {words[0]} on {words[1]}{this}"
        time.sleep(0.005)
    return "another process"


def _is_current(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False


def _close_in_child() -> None:
    # The lock lasts until the last copy of the descriptor is closed, so a forked worker that
    # outlives a killed parent would keep it.
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
