"""Work that gives the same bits each time, on the CPU or on a GPU."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import torch


@contextlib.contextmanager
def reproducibly(seed: int, device: torch.device) -> Iterator[None]:
    """Work with a seed for dropout, and leave the caller's random numbers and settings alone.

    On one thread of the CPU, since sums depend on how many there are; on a GPU by deterministic
    operators in full float32. PyTorch warns of an operator that has no deterministic form there.
    """
    threads = torch.get_num_threads()
    with contextlib.ExitStack() as stack:
        if device.type == "cuda":
            stack.enter_context(torch.cuda.device(device))
            stack.enter_context(torch.random.fork_rng(devices=[torch.cuda.current_device()]))
            torch.cuda.manual_seed(seed)
            stack.enter_context(_deterministic_gpu())
        else:
            stack.enter_context(torch.random.fork_rng(devices=[]))
        torch.default_generator.manual_seed(seed)
        if threads > 1:
            torch.set_num_threads(1)
            stack.callback(torch.set_num_threads, threads)
        yield


@contextlib.contextmanager
def _deterministic_gpu() -> Iterator[None]:
    # cuBLAS reads this when it is first used.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    memory: Any = torch.utils.deterministic
    filled = memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    memory.fill_uninitialized_memory = False  # a kernel for each new tensor
    try:
        with torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        ):
            yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)
        memory.fill_uninitialized_memory = filled
