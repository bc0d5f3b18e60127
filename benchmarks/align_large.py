"""Time and peak memory of aligning large networks, with random weights that are made when read.

    python benchmarks/align_large.py llama 2        # Llama-7B's sizes, 2 of its 32 layers
    python benchmarks/align_large.py unet 1         # a diffusion U-Net's, 1 of its 4 resolutions
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from result import Measure, save

import graphgen
import spec

LLAMA: dict[str, Any] = {
    "vocabulary": 32000, "length": 2048, "width": 4096, "heads": 32, "kv_heads": 32,
    "hidden": 11008,
}  # fmt: skip
SWEEPS = 1


class Drawn(Mapping[str, NDArray[Any]]):
    """Random weights in float32, each tensor drawn anew whenever it is read."""

    def __init__(self, net: spec.Architecture, seed: int) -> None:
        self.net, self.seed = net, seed

    def __getitem__(self, name: str) -> NDArray[Any]:
        rng = np.random.default_rng([self.seed, crc32(name.encode())])
        shape = self.net.tensors[name].shape
        return rng.standard_normal(shape, dtype=np.float32) * np.float32(0.02)

    def __iter__(self) -> Iterator[str]:
        return iter(self.net.tensors)

    def __len__(self) -> int:
        return len(self.net.tensors)


def architecture(name: str, depth: int) -> spec.Architecture:
    """Give the architecture of real use, at so many of its layers."""
    if name == "llama":
        return spec.load("llama", depth=depth, **LLAMA)
    return spec.load("unet", **unet(depth))


def unet(depth: int) -> dict[str, Any]:
    """Give the sizes of a U-Net of Ho et al. as wide as those of latent diffusion."""
    return {"width": 320 * 2 ** max(depth - 1, 0)}


def main() -> None:
    name, depth = sys.argv[1], int(sys.argv[2])
    net = architecture(name, depth)
    count = sum(int(np.prod(shape)) for shape in net.parameters.values())
    begun = time.perf_counter()
    families = len(graphgen.units(net).families)
    units = time.perf_counter() - begun
    begun, used = time.perf_counter(), time.process_time()
    networks = [Drawn(net, seed) for seed in (0, 1)]
    graphgen.align(net, networks, sweeps=SWEEPS, fresh=False)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    of = f"{name}, {depth}"
    save(
        f"align_{name}",
        {
            f"{of}: parameters": Measure(count, "scalars", None),
            f"{of}: families": Measure(families, "families", None),
            f"{of}: units": Measure(units, "s", None),
            f"{of}: one sweep of align": Measure(seconds, "s", None),
            f"{of}: processor time of it": Measure(cpu, "s", None),
            f"{of}: peak memory": Measure(peak, "GiB", None),
        },
    )


if __name__ == "__main__":
    main()
