"""Time and memory of a training step on one graph of 10^5 to 10^7 edges, in a process each."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time

import numpy as np
import torch
from result import Measure, peak_memory, save

import graphgen
import metanet
import spec
from graphgen.testing import random_weights

WIDTHS = (314, 560, 998, 1776, 3160)
"""Widths of a hidden layer between two such layers: about 10^5, .., 10^7 edges."""


def measure(width: int) -> dict[str, float]:
    """Train two steps on one wide MLP; give edges, seconds of the second, and peak bytes."""
    torch.set_num_threads(2)
    train(8)  # so that what a process needs once is not counted
    before = peak_memory()
    edges, seconds = train(width)
    return {"edges": edges, "seconds": seconds, "bytes": peak_memory() - before}


def train(width: int) -> tuple[int, float]:
    """Train two steps; give edges and the seconds of the second."""
    net = spec.loads(
        f"inputs: {{x: [8]}}\nlayers: [linear: {{out_features: {width}}}, relu, "
        f"linear: {{out_features: {width}}}, relu, linear: {{out_features: 4}}]"
    )
    graph = graphgen.compile(net, random_weights(net, np.random.default_rng(0), np.float32))
    batch = metanet.Batch.from_graphs([graph])
    model = metanet.GMN(hidden=64, layers=4, checkpoint=True)
    optimizer = torch.optim.AdamW(model.parameters())
    seconds = 0.0
    for _ in range(2):
        start = time.perf_counter()
        optimizer.zero_grad()
        model(batch).square().mean().backward()
        optimizer.step()
        seconds = time.perf_counter() - start
    return graph.num_edges, seconds


def slope(points: list[dict[str, float]], what: str) -> float:
    """Fit the slope of a line through the logarithms."""
    edges = [math.log(point["edges"]) for point in points]
    return float(np.polyfit(edges, [math.log(point[what]) for point in points], 1)[0])


def main() -> None:
    points = []
    for width in WIDTHS:
        command = [sys.executable, __file__, str(width)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        points.append(json.loads(answer))
        print(points[-1], flush=True)
    measures: dict[str, Measure] = {}
    for point in points:
        edges = f"{point['edges']:,} edges"
        measures[f"{edges}: training step"] = Measure(point["seconds"], "s")
        measures[f"{edges}: peak memory"] = Measure(point["bytes"] / 1e9, "GB")
    measures["log-log slope of time"] = Measure(slope(points, "seconds"), "", 1.1)
    measures["log-log slope of memory"] = Measure(slope(points, "bytes"), "", 1.1)
    measures["peak memory of the largest"] = Measure(points[-1]["bytes"] / 2**30, "GiB", 24)
    save("large_graphs", measures)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
    else:
        main()
