"""Seconds and memory of the units of large networks: diffusion U-Nets, and a Llama of 7 billion.

python benchmarks/units.py
python benchmarks/units.py --once "Llama 7B"      # in this process; prints JSON
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from math import prod
from pathlib import Path

from result import Measure, peak_memory, save

import graphgen
import spec
from spec import Architecture

HERE = Path(__file__).resolve().parent
DIFFUSION = HERE / "stable_diffusion.yaml"
XL: dict[str, object] = {
    "size": 128, "widths": [320, 640, 1280], "depths": [0, 2, 10], "middle": 10,
    "heads": [5, 10, 20], "context": 2048,
}  # fmt: skip
LLAMA: dict[str, object] = {
    "vocabulary": 32000, "length": 2048, "width": 4096, "heads": 32, "kv_heads": 32,
    "hidden": 11008, "depth": 32,
}  # fmt: skip
NETS: dict[str, Callable[[], Architecture]] = {
    "Stable Diffusion 1": lambda: spec.load(DIFFUSION),
    "Stable Diffusion XL": lambda: spec.load(DIFFUSION, **XL),
    "Llama 7B": lambda: spec.load("llama", **LLAMA),
}
LIMIT = 60.0


def once(name: str) -> dict[str, float]:
    """Derive the units of a network in this process."""
    net = NETS[name]()
    graphgen.units(spec.load("mlp"))  # which imports what there is to import
    before, start = peak_memory(), time.process_time()
    found = graphgen.units(net)
    seconds = time.process_time() - start
    return {
        "parameters": sum(map(prod, net.parameters.values())),
        "families": len(found.families),
        "units": len(found),
        "branches": sum(map(len, found.branches.values())),
        "seconds": seconds,
        "megabytes": (peak_memory() - before) / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", choices=NETS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(once(arguments.once)))
        return
    path = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    measures = {}
    for name in NETS:
        command = [sys.executable, str(HERE / "units.py"), "--once", name]
        found = json.loads(
            subprocess.check_output(command, text=True, env={**os.environ, "PYTHONPATH": path})
        )
        for count in ("parameters", "families", "units", "branches"):
            measures[f"{name}: {count}"] = Measure(found[count], "")
        measures[f"{name}: units derived"] = Measure(found["seconds"], "s", LIMIT)
        measures[f"{name}: memory added at the peak"] = Measure(found["megabytes"], "MB", 1000.0)
    save("units", measures)


if __name__ == "__main__":
    main()
