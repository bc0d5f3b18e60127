"""The memory of a process that computes on tensors again and again."""

from __future__ import annotations

import ctypes
import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
KEPT = 2**31 - 1
MAPPED = (2**30, 2**25)
"""From which size on memory is mapped anew; older versions of glibc take no more than the last."""
SAID = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed_memory() -> bool:
    """Let this process keep the memory of tensors that are freed, and say whether it does.

        metanet.memory.keep_freed_memory()      # once, before the training

    Else glibc gives the memory of each large tensor back, and takes it again a moment later: every
    page is then found missing, and filled with zeros, thousands of times in a training step. The
    process stays as large as it was at its largest. Nothing happens where there is no glibc, and
    where the environment says how it allocates (`MALLOC_MMAP_THRESHOLD_` and others).
    """
    if any(name in os.environ for name in SAID):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    # Either alone makes it worse: glibc then no longer adapts the other.
    return any(mallopt(M_MMAP_THRESHOLD, size) for size in MAPPED) and bool(
        mallopt(M_TRIM_THRESHOLD, KEPT)
    )
