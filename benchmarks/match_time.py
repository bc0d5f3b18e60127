"""Seconds of weight matching: over depth, and for a vision transformer; copies are apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from result import Measure, save

import graphgen
import spec
from graphgen.testing import random_weights

NETS = Path(spec.__file__).parent / "nets"
DEPTHS = (25, 50, 100, 200)
VIT_TI: dict[str, Any] = {
    "channels": 3, "size": 224, "classes": 1000, "patch": 16, "width": 192, "heads": 3,
    "hidden": 768, "depth": 12,
}  # fmt: skip
CHAIN = """
inputs: {x: [8]}
layers:
  - repeat: {times: %d, index: i, layers: [{linear: {out_features: 8}}, relu]}
  - linear: {out_features: 3}
"""


def timed(work: Callable[[], graphgen.Match]) -> tuple[float, graphgen.Match]:
    """Give processor seconds, and what was found."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def measure(net: spec.Architecture) -> tuple[float, float]:
    """Time a copy, and a network that has nothing to do with the first."""
    rng = np.random.default_rng(0)
    first, other = (random_weights(net, rng, np.float32) for _ in range(2))
    copy = graphgen.symmetries(net).sample(rng).apply(first)
    seconds, found = timed(lambda: graphgen.match(net, first, copy))
    if found.how != "exact copy":
        raise RuntimeError(f"a copy of {net.name} was not found: {found}")
    return seconds, timed(lambda: graphgen.match(net, first, other))[0]


def main() -> None:
    measures = {}
    seconds = {}
    measure(spec.loads(CHAIN % 2))  # imports, once
    for depth in DEPTHS:
        copy, seconds[depth] = measure(spec.loads(CHAIN % depth))
        limit = 5.0 if depth == 200 else None
        measures[f"{depth} layers of width 8: a copy"] = Measure(copy, "s")
        measures[f"{depth} layers of width 8: another network"] = Measure(
            seconds[depth], "s", limit
        )
    slope = float(np.polyfit(np.log(DEPTHS), np.log([seconds[d] for d in DEPTHS]), 1)[0])
    measures["log-log slope of time over depth"] = Measure(slope, "", 1.3)
    copy, other = measure(spec.load(NETS / "vit.yaml", **VIT_TI))
    measures["ViT-Ti, 5.7 million parameters: a copy"] = Measure(copy, "s")
    measures["ViT-Ti, 5.7 million parameters: another network"] = Measure(other, "s", 60.0)
    save("match_time", measures)


if __name__ == "__main__":
    main()
