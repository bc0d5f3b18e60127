"""Checkpoints for benchmarks: one of random numbers, and one that is all hole."""

from __future__ import annotations

import os
from pathlib import Path

import ml_dtypes
import numpy as np

from graphgen.files import write_safetensors
from graphgen.files.safetensors_format import encode_header
from spec import Architecture


def write_random(path: Path, net: Architecture) -> None:
    """Write float32 weights drawn from a normal distribution."""
    rng = np.random.default_rng(0)
    write_safetensors(
        path,
        {name: rng.standard_normal(shape, np.float32) for name, shape in net.parameters.items()},
    )


def write_sparse(path: Path, net: Architecture) -> None:
    """Write a bfloat16 checkpoint of zeros that takes no room on the disk beyond its header.

    Raises `OSError` on a file system that fills the holes.
    """
    dtype = np.dtype(ml_dtypes.bfloat16)
    header, _ = encode_header({name: ("BF16", shape) for name, shape in net.parameters.items()}, {})
    size = sum(int(np.prod(shape)) for shape in net.parameters.values()) * dtype.itemsize
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + 1_000_000)
        if on_disk(path) > len(header) + 500_000:
            raise OSError(f"{path.parent}: no sparse files here; point TMPDIR at another folder")
        file.truncate(len(header) + size)


def on_disk(path: Path) -> int:
    """Give the bytes that a file takes on the disk."""
    os.sync()
    return path.stat().st_blocks * 512
