"""Small loops in C for what torch has no single operation for; torch does all of it without them.

    from metanet import kernels

    states, scales = torch.randn(1000, 64), torch.empty(1000)
    library = kernels.library(states)
    if library is not None:
        library.inverse_rms(states, scales, 1000, 64, 1e-6, kernels.threads())
    else:
        scales = states.square().mean(1).add(1e-6).rsqrt()

The files `source/*.c` are compiled together at first use, for each of float32 and float64, and kept
in the user's cache folder. Without a compiler, with the environment variable `METANET_KERNELS=0`,
under `off()`, and for tensors elsewhere, of other dtypes or classes, `library` gives None.

To add a function, write it in a file of `source` (a new one is found by itself) in terms of `REAL`
and the vectors of `numbers.h`, and put `EXPORT` before it, as in `norm.c`; a library then has it as
a method. A parameter may be a pointer, for which a contiguous tensor or None is passed, an
`int64_t`, or a `double`. Loops run in `threads` threads by `PARALLEL(threads)` before them; sums
must not depend on how many there are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import torch
from torch import Tensor

from metanet.kernels.compiler import BuildError, build
from metanet.kernels.functions import Library

PLAIN = (Tensor, torch.nn.Parameter)
"""Tensors of other classes may have no memory, as those with which torch traces and exports."""

_on: ContextVar[bool] = ContextVar("kernels", default=True)


def library(*tensors: Tensor | None) -> Library | None:
    """Give the kernels for these tensors, which must share device and dtype; else None."""
    given = [tensor for tensor in tensors if tensor is not None]
    dtype = given[0].dtype
    if any(
        tensor.device.type != "cpu" or tensor.dtype != dtype or type(tensor) not in PLAIN
        for tensor in given
    ):
        return None
    if not _on.get() or os.environ.get("METANET_KERNELS") == "0":
        return None
    return _built(dtype) if dtype in (torch.float32, torch.float64) else None


@contextmanager
def off() -> Iterator[None]:
    """Use torch alone within the block."""
    token = _on.set(False)
    try:
        yield
    finally:
        _on.reset(token)


def available(dtype: torch.dtype = torch.float32) -> bool:
    """Say whether there are kernels for this dtype, here and now; the first call compiles them."""
    return library(torch.empty(0, dtype=dtype)) is not None


def reason(dtype: torch.dtype = torch.float32) -> str:
    """Say in words why there are no kernels for this dtype; empty if there are."""
    if available(dtype):
        return ""
    if not _on.get():
        return "they are off in this block"
    if os.environ.get("METANET_KERNELS") == "0":
        return "METANET_KERNELS is 0"
    if dtype not in (torch.float32, torch.float64):
        return f"there are none for {dtype}"
    return _failures[dtype]


def threads() -> int:
    """Give the number of threads that kernels use: torch's."""
    return torch.get_num_threads()


_failures: dict[torch.dtype, str] = {}


@cache
def _built(dtype: torch.dtype) -> Library | None:
    try:
        return build("float" if dtype == torch.float32 else "double")
    except BuildError as error:
        _failures[dtype] = str(error)
        return None


__all__ = ["Library", "available", "library", "off", "reason", "threads"]
