"""Calls for workers to make, which import nothing else: each gives its number back."""

from __future__ import annotations

import os
import time


def pid_and(number: int) -> tuple[int, int]:
    return os.getpid(), number


def slow(number: int) -> tuple[int, int]:
    """Give the number, the later the earlier ones."""
    time.sleep(0.2 if number % 3 == 0 else 0)
    return pid_and(number)


def fatal(number: int, file: str, times: int) -> int:
    """Kill the process at number 3, the first times."""
    if number == 3:
        with open(file, "a") as log:
            log.write("x")
        if os.path.getsize(file) <= times:
            os._exit(1)
    return number
