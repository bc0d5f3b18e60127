"""Loss barriers between networks trained on digits from two seeds, before and after matching."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from result import Measure, save

import graphgen
import spec
from metanet.evaluate import reset_statistics, run
from pipelines import datasets
from pipelines.zoo.fit import fit
from pipelines.zoo.sampling import NetworkPlan, Seeds

NETS = Path(spec.__file__).parent / "nets"
DIGITS = {"channels": 1, "size": 8, "classes": 10}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    f"{name}, {width} wide": (f"{name}.yaml", {**DIGITS, "width": width, **fields})
    for (name, fields), width in [
        *product([("mlp", {"depth": 3})], (16, 64, 512)),
        *product([("cnn", {"norm": "batch_norm"})], (8, 32, 128)),
        *product([("residual_cnn", {"norm": "batch_norm"})], (8, 64)),
    ]
}
RECIPE: dict[str, Any] = {
    "optimizer": "adam",
    "learning_rate": 1e-3,
    "weight_decay": 0.0,
    "batch_size": 64,
    "epochs": 30,
    "schedule": "cosine",
    "label_smoothing": 0.0,
    "train_fraction": 1.0,
    "momentum": 0.9,
}


def trained(net: spec.Architecture, seed: int) -> dict[str, np.ndarray]:
    """Train a network on digits."""
    seeds = Seeds(3 * seed, 3 * seed + 1, 3 * seed + 2)
    plan = NetworkPlan(0, "network", net, {}, RECIPE, seeds)
    return fit(plan, datasets.load("digits")).weights


def measure(net: spec.Architecture, seeds: tuple[int, int] = (0, 1)) -> dict[str, float]:
    """Give the barriers of the loss on test images, as trained and after matching."""
    a, b = (trained(net, seed) for seed in seeds)
    data = datasets.load("digits")
    images, labels = torch.from_numpy(data.test_images), torch.from_numpy(data.test_labels)
    everything = [(torch.from_numpy(data.train_images),)]
    normed = bool(net.buffers)

    def loss(weights: Mapping[str, np.ndarray], reset: bool = False) -> float:
        tensors = {name: torch.from_numpy(np.asarray(array)) for name, array in weights.items()}
        if reset:
            tensors = reset_statistics(net, tensors, everything)
        with torch.inference_mode():
            return F.cross_entropy(run(net, tensors, images), labels).item()

    aligned = graphgen.match(net, a, b).apply(b)
    result = {
        "loss of the first": loss(a),
        "loss of the second": loss(b),
        "barrier": graphgen.loss_barrier(loss, a, b).height,
        "barrier after matching": graphgen.loss_barrier(loss, a, aligned).height,
    }
    if normed:
        for name, other in (("barrier", b), ("barrier after matching", aligned)):
            result[f"{name}, statistics reset"] = graphgen.loss_barrier(
                lambda weights: loss(weights, reset=True), a, other
            ).height
    return result


def main() -> None:
    measures = {}
    for name, (file, variables) in CASES.items():
        for key, value in measure(spec.load(NETS / file, **variables)).items():
            target = 0.02 if (name, key) == ("mlp, 512 wide", "barrier after matching") else None
            measures[f"{name}: {key}"] = Measure(value, "nats", target)
    save("weight_matching", measures)


if __name__ == "__main__":
    main()
