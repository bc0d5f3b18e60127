"""Small networks whose accuracy is written in their weights, and predictors of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import graphgen
import spec
from graphgen import Graph, GraphSet
from graphgen.testing import random_weights
from metanet import AccuracyPredictor

MLP = """
vars: {width: 4}
inputs: {image: [1, 8, 8]}
layers: [flatten, {linear: {out_features: $width}}, relu, {linear: {out_features: 10}}]
"""
ATTENTION = """
inputs: {x: [6, 8]}
layers:
  - multihead_attention: {num_heads: 2}
  - mean: {dim: 1}
  - linear: {out_features: 10}
"""
SMALL: dict[str, Any] = {"folds": 2, "trees": 12, "leaves": 6}


def networks(count: int, seed: int = 0) -> tuple[list[Graph], NDArray[np.float64]]:
    """Give networks of two widths, whose accuracy grows with the size of their last layer."""
    rng = np.random.default_rng(seed)
    graphs, accuracies = [], np.empty(count)
    for i in range(count):
        net = spec.loads(MLP, width=(4, 6)[i % 2])
        weights = dict(random_weights(net, rng, np.float32))
        strength = rng.uniform(0, 1)
        last = list(weights)[-2]
        weights[last] = weights[last] * np.float32(1 + 4 * strength)
        graphs.append(graphgen.compile(net, weights))
        accuracies[i] = 0.1 + 0.8 * strength
    return graphs, accuracies


def fitted(count: int = 120) -> AccuracyPredictor:
    """Fit a small predictor."""
    return AccuracyPredictor(**SMALL).fit(*networks(count))


def write_graphs(folder: Path, count: int, seed: int) -> GraphSet:
    """Write networks as a graph set, three of four of them to learn from."""
    graphs, accuracies = networks(count, seed)

    def rows() -> Any:
        for i, (graph, accuracy) in enumerate(zip(graphs, accuracies, strict=True)):
            split = ("train", "train", "validation", "test")[i % 4]
            metrics = {"test_accuracy": float(accuracy)}
            record = {"index": i, "family": "mlp", "split": split, "metrics": metrics}
            yield graph.template.net, graph.weights(), record

    return GraphSet.write(folder, rows(), about={"networks": {}})


def write_settings(folder: Path) -> Path:
    """Write two graph sets and the settings that fit a predictor on one and measure it on both."""
    write_graphs(folder / "graphs", 96, 0)
    write_graphs(folder / "held", 32, 1)
    settings = {
        "target": "test_accuracy",
        "graphs": {"toys": "graphs"},
        "held_out": {"others": "held"},
        "predictor": SMALL,
        "about": {"name": "toys", "limits": ["toys only"]},
    }
    (folder / "params.yaml").write_text(json.dumps({"fit": settings}))
    return folder / "params.yaml"
