"""Freed memory is kept: pages are found missing once, and not in every step."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from metanet import memory

FAULTS = """
import os, resource, sys
os.environ["NUMPY_MADVISE_HUGEPAGE"] = "0"
import numpy as np
import metanet.memory

if sys.argv[1] == "kept":
    assert metanet.memory.keep_freed_memory()

def step():  # as the tensors of a training step, of several sizes
    return sum(np.ones(n * 250_000, np.float32)[-1] for n in (1, 4, 2, 8, 40))

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

step()
before = faults()
for _ in range(10):
    step()
print((faults() - before) // 10, "torch" in sys.modules)
"""


def faults(how: str) -> int:
    command = [sys.executable, "-c", FAULTS, how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    number, torch = done.stdout.split()
    assert torch == "False", "it costs no import"
    return int(number)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_a_step_finds_few_pages_missing_once_freed_memory_is_kept() -> None:
    kept, given_back = faults("kept"), faults("given back")
    assert given_back > 5_000, "without it, memory comes back empty"
    assert kept < 100


@pytest.mark.parametrize("name", memory.SAID)
def test_the_environment_has_the_last_word(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "100000")
    monkeypatch.setattr(ctypes, "CDLL", pytest.fail)
    assert not memory.keep_freed_memory()


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_other_c_libraries_are_left_alone(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: None) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", absent)
    assert not memory.keep_freed_memory()


def test_older_versions_take_a_lower_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    class Old:
        def mallopt(self, option: int, size: int) -> int:
            asked.append((option, size))
            return int(option != memory.M_MMAP_THRESHOLD or size <= 2**25)

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Old())
    assert memory.keep_freed_memory()
    assert asked == [(-3, 2**30), (-3, 2**25), (-1, 2**31 - 1)]
