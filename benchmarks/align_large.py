"""Time and peak memory of aligning large networks, with random weights that are made when read.

    python benchmarks/align_large.py llama depth=32  # Llama-7B's sizes; fewer layers are quicker
    python benchmarks/align_large.py benchmarks/stable_diffusion.yaml

One sweep, which takes each family once; a layer of Llama is a thirty-second of it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from result import Measure, peak_memory, save

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
        rng = np.random.Generator(np.random.SFC64([self.seed, crc32(name.encode())]))
        shape = self.net.tensors[name].shape
        return (rng.random(shape, dtype=np.float32) - np.float32(0.5)) * np.float32(0.04)

    def __iter__(self) -> Iterator[str]:
        return iter(self.net.tensors)

    def __len__(self) -> int:
        return len(self.net.tensors)


def main() -> None:
    name, *given = sys.argv[1:]
    variables = {key: json.loads(value) for key, _, value in (one.partition("=") for one in given)}
    net = spec.load(name, **{**(LLAMA if name == "llama" else {}), **variables})
    count = sum(int(np.prod(shape)) for shape in net.parameters.values())
    begun = time.perf_counter()
    families = len(graphgen.units(net).families)
    units = time.perf_counter() - begun
    begun, used = time.perf_counter(), time.process_time()
    networks = [Drawn(net, seed) for seed in (0, 1)]
    graphgen.align(net, networks, sweeps=SWEEPS, fresh=False)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    peak = peak_memory() / 2**30
    of = " ".join([Path(name).name, *given])
    save(
        f"align_{Path(name).stem}",
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
