"""Opening files to write into them where somebody else may have made the folder."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

# What the system lacks does not count; Windows changes line ends unless told not to.
_GUARDS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


def open_regular(path: Path, flags: int) -> int:
    """Open a regular file, at once; `OSError` for a link, which may lead anywhere, and for pipes.

    open_regular(Path("zoo/.lock"), os.O_RDWR | os.O_CREAT)
    """
    descriptor = os.open(path, flags | _GUARDS, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no regular file", str(path))
    return descriptor
