"""Time of every metanet, from a batch of weights to gradients: ratios to GMN on blocks."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from result import Measure, save

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.models.metanet import Metanet

NETS = Path(spec.__file__).parent / "nets"
BATCH, HIDDEN, LAYERS, ROUNDS = 32, 64, 4, 7
INR: dict[str, Any] = {"width": 32, "depth": 1}
SMALL_CNN = """
name: small-cnn
inputs: {image: [1, 28, 28]}
layers:
  - conv2d: {out_channels: 16, kernel_size: 3}
  - relu
  - conv2d: {out_channels: 16, kernel_size: 3}
  - relu
  - conv2d: {out_channels: 16, kernel_size: 3}
  - relu
  - adaptive_avg_pool2d: {output_size: 1}
  - flatten
  - linear: {out_features: 10}
"""
"""The 4,970 parameters of the small CNNs of Unterthiner et al. (2020)."""


def batches() -> dict[str, metanet.Batch]:
    """Make the reference batches: implicit networks, small CNNs, CNNs of many sizes, ViTs."""
    rng = np.random.default_rng(0)
    small = spec.loads(SMALL_CNN)
    mixed = [
        spec.load(NETS / "cnn.yaml", width=width, depth=depth, norm=norm)
        for width in (8, 12, 16, 24)
        for depth in (2, 3)
        for norm in ("identity", "batch_norm")
    ]
    chosen = {
        "INR 2-32-32-1": [spec.load(NETS / "siren.yaml", **INR)] * BATCH,
        "small CNN": [small] * BATCH,
        "mixed CNNs": (mixed * BATCH)[:BATCH],
        "ViT": [spec.load(NETS / "vit.yaml", width=16, hidden=32, depth=2)] * BATCH,
    }
    return {
        name: metanet.Batch.from_graphs(
            [graphgen.compile(net, random_weights(net, rng, np.float32)) for net in nets]
        )
        for name, nets in chosen.items()
    }


MODELS: dict[str, Callable[[], Metanet]] = {
    "GMN, blocks": lambda: metanet.GMN(hidden=HIDDEN, layers=LAYERS),
    "GMN, torch_geometric": lambda: metanet.GMN(hidden=HIDDEN, layers=LAYERS, backend="pyg"),
    "GMN, blocks, parallel taps": lambda: metanet.GMN(
        hidden=HIDDEN, layers=LAYERS, taps="parallel"
    ),
    "GMN, torch_geometric, parallel taps": lambda: metanet.GMN(
        hidden=HIDDEN, layers=LAYERS, taps="parallel", backend="pyg"
    ),
    "DeepSets": lambda: metanet.DeepSets(hidden=HIDDEN, layers=LAYERS),
    "DMC": lambda: metanet.DMC(hidden=HIDDEN, layers=LAYERS),
}


def step(model: Metanet, batch: metanet.Batch) -> float:
    """Time one pass forward and backward, in seconds."""
    model.zero_grad()
    start = time.perf_counter()
    model(batch).square().mean().backward()
    return time.perf_counter() - start


def main() -> None:
    torch.set_num_threads(2)
    measures: dict[str, Measure] = {}
    for name, batch in batches().items():
        models = {label: make() for label, make in MODELS.items()}
        times: dict[str, list[float]] = {label: [] for label in models}
        for round_ in range(ROUNDS + 1):
            for label, model in models.items():
                elapsed = step(model, batch)
                if round_:  # the first one prepares layouts
                    times[label].append(elapsed)
        base = statistics.median(times["GMN, blocks"])
        edges = sum(part.template.num_edges * len(part.positions) for part in batch.parts)
        measures[f"{name}: edges"] = Measure(edges, "")
        measures[f"{name}: GMN, blocks"] = Measure(base, "s")
        for label, own in list(times.items())[1:]:
            measures[f"{name}: {label}"] = Measure(statistics.median(own) / base, "times")
    save("metanets", measures)


if __name__ == "__main__":
    main()
