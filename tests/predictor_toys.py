"""Small networks whose accuracy is written in their weights, and predictors of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import graphgen
import spec
from graphgen import Graph
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
