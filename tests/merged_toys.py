"""Two small zoos, merged, and models that are trained on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_toys import run_here

import spec
from graphgen import GraphSet
from graphgen.testing import random_weights
from pipelines.training import train
from pipelines.union import union
from pipelines.views.settings import asked_views
from pipelines.views.storing import store_views

NETS = {
    "small": """
        inputs: {x: [3]}
        layers: [linear: {out_features: 2}, relu, linear: {out_features: 2}]
        """,
    "large": """
        inputs: {x: [5]}
        layers: [linear: {out_features: 4}, tanh, linear: {out_features: 3}]
        """,
}
RECIPE = {
    "epochs": 2, "batch_size": 4, "learning_rate": 1e-2, "weight_decay": 0.0, "gradient_norm": 1.0,
}  # fmt: skip
VIEWS = ["statistics", "rows"]
MODELS: dict[str, Any] = {
    "gmn": {
        "metanet": "gmn",
        "views": VIEWS,
        "settings": {"hidden": 4, "layers": 1, "width": 8},
        "training": RECIPE,
    },
    "mlp": {
        "metanet": "stat_mlp", "views": VIEWS, "settings": {"hidden": 4}, "training": RECIPE,
    },
}  # fmt: skip
SPLITS = ("train", "train", "validation", "test")


def networks(name: str, seed: int, dtype: Any) -> Any:
    """Give 16 networks that know their score by the mean of their first weights."""
    rng, net = np.random.default_rng(seed), spec.loads(NETS[name])
    for i in range(16):
        weights = random_weights(net, rng, dtype)
        score = 1 / (1 + np.exp(-4 * float(next(iter(weights.values())).mean())))
        metrics = {"test_accuracy": score, "loss": -3 * score + seed}
        record = {"index": 100 + i, "family": "mlp", "split": SPLITS[i % 4], "metrics": metrics}
        yield net, weights, record


def write_set(folder: Path, name: str, seed: int, dtype: Any = np.float32) -> GraphSet:
    return GraphSet.write(folder, networks(name, seed, dtype), 6)


def write_merge(folder: Path, views: Any = VIEWS, **zoos: Any) -> Path:
    zoos = zoos or {name: {"graphs": name} for name in ("one", "two")}
    file = folder / "union.yaml"
    file.write_text(json.dumps({"union": {"zoos": zoos, "views": views}}))
    return file


def write_train(folder: Path, models: Mapping[str, Any] = MODELS, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "train.yaml"
    section = {"target": "test_accuracy", "seeds": [0, 1], "models": models, **changes}
    file.write_text(json.dumps({"train": section}))
    return file


def going_on(runs: Path, name: str = "gmn", **changes: Any) -> dict[str, Any]:
    start = str(runs / f"{name}-seed{{seed}}")
    return {**MODELS, name: {**MODELS[name], "start": start, **changes}}


def write_sets(folder: Path) -> None:
    """Write the graph sets `one` and `two` with views, and `both`, merged of them."""
    for seed, (name, net) in enumerate({"one": "small", "two": "large"}.items()):
        write_set(folder / name, net, seed)
        store_views(folder / name, asked_views(["statistics"]), workers=1)
    union(write_merge(folder), folder / "both", workers=1)


def write_moved(folder: Path) -> Path:
    """Write the networks of `one` once more, those for training for tests, and the other way."""
    moved = (
        (net, weights, {**record, "split": SPLITS[::-1][record["index"] % 4]})
        for net, weights, record in networks("small", 0, np.float32)
    )
    return GraphSet.write(folder, moved).folder


def pretrain(folder: Path, graphs: Path) -> Path:
    """Train both models on all networks of a graph set; give the folder of runs."""
    with pytest.MonkeyPatch.context() as patch:
        run_here(patch)
        train(write_train(folder), graphs, folder / "runs")
    return folder / "runs"
