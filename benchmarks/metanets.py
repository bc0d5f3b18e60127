"""Time and memory of every metanet, from weights in to gradients, as ratios to GMN on blocks."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bars import draw
from result import FOLDER, Measure, peak_memory, save

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.models.metanet import Metanet

NETS = Path(spec.__file__).parent / "nets"
BATCH, HIDDEN, LAYERS, ROUNDS = 32, 64, 4, 5
SIZE: dict[str, Any] = {"hidden": HIDDEN, "layers": LAYERS}
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


def architectures() -> dict[str, list[spec.Architecture]]:
    """Give the networks of each batch: implicit networks, small CNNs, CNNs of many sizes, ViTs."""
    small = spec.loads(SMALL_CNN)
    mixed = [
        spec.load(NETS / "cnn.yaml", width=width, depth=depth, norm=norm)
        for width in (8, 12, 16, 24)
        for depth in (2, 3)
        for norm in ("identity", "batch_norm")
    ]
    return {
        "INR 2-32-32-1": [spec.load(NETS / "siren.yaml", **INR)] * BATCH,
        "small CNN": [small] * BATCH,
        "mixed CNNs": (mixed * BATCH)[:BATCH],
        "ViT": [spec.load(NETS / "vit.yaml", width=16, hidden=32, depth=2)] * BATCH,
    }


def graphs_of(nets: list[spec.Architecture]) -> list[graphgen.Graph]:
    """Compile networks with random weights."""
    rng = np.random.default_rng(0)
    return [graphgen.compile(net, random_weights(net, rng, np.float32)) for net in nets]


MODELS: dict[str, Callable[[spec.Architecture], Metanet]] = {
    "GMN, blocks": lambda net: metanet.GMN(**SIZE),
    "GMN, torch_geometric": lambda net: metanet.GMN(**SIZE, backend="pyg"),
    "GMN, blocks, parallel taps": lambda net: metanet.GMN(**SIZE, taps="parallel"),
    "GMN, torch_geometric, parallel taps": lambda net: metanet.GMN(
        **SIZE, taps="parallel", backend="pyg"
    ),
    "NP-NFN": lambda net: metanet.NPNFN(net, **SIZE),
    "NP-NFN, folded": lambda net: metanet.NPNFN(net, **SIZE, folded=True),
    "HNP-NFN": lambda net: metanet.HNPNFN(net, **SIZE),
    "HNP-NFN, folded": lambda net: metanet.HNPNFN(net, **SIZE, folded=True),
    "DWSNets": lambda net: metanet.DWSNet(net, **SIZE),
    "NG-GNN": lambda net: metanet.NGGNN(**SIZE),
    "NG-T": lambda net: metanet.NGT(**SIZE),
    "ScaleGMN": lambda net: metanet.ScaleGMN(net, **SIZE),
    "ScaleGMN, bidirectional": lambda net: metanet.ScaleGMN(net, **SIZE, bidirectional=True),
    "DeepSets": lambda net: metanet.DeepSets(**SIZE),
    "DMC": lambda net: metanet.DMC(**SIZE),
    "StatNN, MLP": lambda net: metanet.StatMLP(**SIZE),
    "MLP": lambda net: metanet.MLP(net, **SIZE, augment=False),
}
PARALLEL = "parallel taps"


def make(label: str, net: spec.Architecture, batch: metanet.Batch) -> Metanet | None:
    """Make a model; None if it cannot take the batch."""
    torch.manual_seed(0)
    try:
        model = MODELS[label](net)
        with torch.no_grad():
            model(batch)
    except metanet.MetanetError:
        return None
    return model


def step(model: Metanet, batch: metanet.Batch) -> float:
    """Time one pass forward and backward, in seconds."""
    model.zero_grad()
    start = time.perf_counter()
    model(batch).square().mean().backward()
    return time.perf_counter() - start


def timed(action: Callable[[], object]) -> float:
    """Time an action, in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def memory(name: str, label: str) -> int:
    """Give the bytes that a training step adds at the peak; run in a process of its own."""
    nets = architectures()[name]
    batch = metanet.Batch.from_graphs(graphs_of(nets))
    tiny = metanet.Batch.from_graphs(graphs_of(nets[:1]))
    model = make(label, nets[0], tiny)
    if model is None:
        return 0
    step(model, tiny)  # so that what a process needs once is not counted
    before = peak_memory()
    step(model, batch)
    return peak_memory() - before


def measured_memory(name: str, label: str) -> int:
    """Run `memory` in a process of its own."""
    command = [sys.executable, __file__, name, label]
    return int(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


def main() -> None:
    torch.set_num_threads(2)
    measures: dict[str, Measure] = {}
    bars: dict[str, dict[str, float]] = {}
    for name, nets in architectures().items():
        graphs = graphs_of(nets)
        batch = metanet.Batch.from_graphs(graphs)
        made = {label: make(label, nets[0], batch) for label in MODELS}
        models = {label: model for label, model in made.items() if model is not None}
        times: dict[str, list[float]] = {label: [] for label in models}
        collate: list[float] = []
        for _ in range(ROUNDS):
            collate.append(timed(partial(metanet.Batch.from_graphs, graphs)))
            for label, model in models.items():
                times[label].append(step(model, batch))
        medians = {label: statistics.median(own) for label, own in times.items()}
        base = medians["GMN, blocks"]
        edges = sum(part.template.num_edges * len(part.positions) for part in batch.parts)
        measures[f"{name}: edges"] = Measure(edges, "")
        measures[f"{name}: GMN, blocks"] = Measure(base, "s")
        for label, own in list(medians.items())[1:]:
            measures[f"{name}: {label}"] = Measure(own / base, "times")
        for taps in ("", f", {PARALLEL}"):
            ratio = medians[f"GMN, torch_geometric{taps}"] / medians[f"GMN, blocks{taps}"]
            measures[f"{name}: torch_geometric / blocks{taps}"] = Measure(ratio, "times")
        share = 100 * statistics.median(collate) / base
        measures[f"{name}: weights to batch, share of a step"] = Measure(share, "%", 5)
        for label, model in models.items():
            count = sum(p.numel() for p in model.parameters())
            measures[f"{name}: {label}, parameters"] = Measure(count, "")
        bars[name] = medians
    for name in ("small CNN", "mixed CNNs"):
        used = {label: measured_memory(name, label) for label in MODELS if label in bars[name]}
        for label, peak in used.items():
            measures[f"{name}: {label}, peak memory"] = Measure(peak / 1e6, "MB")
        for taps in ("", f", {PARALLEL}"):
            ratio = used[f"GMN, blocks{taps}"] / used[f"GMN, torch_geometric{taps}"]
            measures[f"{name}: blocks / torch_geometric{taps}, peak memory"] = Measure(
                ratio, "times", 0.5
            )
    save("metanets", measures)
    draw(FOLDER / "metanets.svg", bars, "seconds, forward and backward")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(memory(sys.argv[1], sys.argv[2])))
    else:
        main()
