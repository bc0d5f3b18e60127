"""One process at a time in a folder."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from graphgen.errors import GraphError
from graphgen.files.regular import open_regular

if TYPE_CHECKING:
    from filelock import BaseFileLock

_SECONDS = 0.1
"""How long a lock is tried: its holder may be about to go, or to write who it is."""


@contextlib.contextmanager
def exclusive(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Hold the lock of an existing `folder` for the block; no other process gets it meanwhile.

    The lock is that of `filelock` on the file `.lock` in the folder, removed at the end. It ends
    with the process that took it, however that dies, and processes forked from it do not share it.
    Raises `GraphError` at once, naming the folder and the holder, when the lock is taken, be it
    by this process.

    ```python
    with exclusive("zoo"):
        ...
    ```
    """
    # Imported here, for not every command takes a lock.
    from filelock import FileLock, SoftFileLock, Timeout

    path = Path(folder) / ".lock"
    lock = FileLock(path, timeout=_SECONDS, poll_interval=_SECONDS / 10, thread_local=False)
    try:
        with os.scandir(path.parent):  # a folder that is missing would be made
            lock.acquire()
        # A lock without the system's help has written its file itself.
        file = os.lstat(path) if isinstance(lock, SoftFileLock) else _sign(path)
    except Timeout:
        raise GraphError(
            f"{path.parent}: in use by {_holder(path)}; wait for it to end or stop it, then try "
            "again"
        ) from None
    except BaseException as error:
        _let_go(lock, path)
        if not isinstance(error, OSError):
            raise
        raise GraphError(
            f"{path.parent}: cannot be locked ({error.strerror}: {path.name}); expected an "
            "existing folder that can be written to, with no link or pipe of that name"
        ) from error
    try:
        yield
    finally:
        _let_go(lock, path, file)


def _let_go(lock: BaseFileLock, path: Path, file: os.stat_result | None = None) -> None:
    """Release a lock and remove its file, which is `file` if that is known."""
    if not lock.is_locked:  # it was not got, or this is a forked child
        return
    # On Windows an open file stays, and `release` removes it. Elsewhere `release` lets it be; after
    # a removal by hand, the one in its place is another holder's.
    with contextlib.suppress(OSError):
        found = os.lstat(path)
        if stat.S_ISREG(found.st_mode) and (file is None or os.path.samestat(file, found)):
            path.unlink()
    lock.release()


def _sign(path: Path) -> os.stat_result:
    """Write the holder into the lock's file; give the file's identity."""
    descriptor = open_regular(path, os.O_RDWR)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f" {os.getpid()} {socket.gethostname()}\n".encode())
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _holder(path: Path) -> str:
    words: list[str] = []
    with contextlib.suppress(OSError):
        descriptor = open_regular(path, os.O_RDONLY)
        try:
            # The first byte is what is locked on Windows, and cannot be read then.
            os.lseek(descriptor, 1 if os.name == "nt" else 0, os.SEEK_SET)
            words = os.read(descriptor, 256).decode(errors="replace").split()
        finally:
            os.close(descriptor)
    if len(words) < 2 or not words[0].isdigit():
        return "another process"
    this = " (this process)" if words[0] == str(os.getpid()) else ""
    return f"process {words[0]} on {words[1]}{this}"
