"""A small experiment of every kind of file that training reads and writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generation_toys import here
from zoo_toys import use_toys

import spec
from graphgen import GraphSet
from graphgen.files import write_weights
from graphgen.testing import random_weights
from pipelines.evaluation import evaluate
from pipelines.experiment import write_experiment_report
from pipelines.runs import loop
from pipelines.runs.job import Job
from pipelines.training import search, train
from pipelines.zoo import generate

SIREN = """
vars: {width: 4}
inputs: {x: [2]}
layers:
  - linear: {out_features: $width}
  - sine: {frequency: 10}
  - linear: {out_features: 1}
"""
TRAINING: dict[str, Any] = {
    "epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "weight_decay": 0.0, "gradient_norm": 1.0,
}  # fmt: skip
SMALL: dict[str, Any] = {
    "metanet": "gmn", "settings": {"hidden": 4, "layers": 1}, "training": TRAINING,
}  # fmt: skip
TREES = {"metanet": "statnn", "settings": {"trees": 3, "leaves": 2}}
FOR_ONE_NET = {**SMALL, "metanet": "dws"}
RANGED = {**SMALL, "training": {**TRAINING, "learning_rate": {"log_uniform": [1e-4, 1e-2]}}}
TASKS: dict[str, dict[str, Any]] = {
    "regression": {
        "target": "labels.size",
        "models": {"gmn": SMALL, "dws": FOR_ONE_NET, "trees": TREES},
    },
    "classification": {
        "task": "classification",
        "target": "labels.class",
        "models": {"gmn": SMALL, "trees": TREES},
    },
    "editing": {
        "task": "editing",
        "edit": "dilation",
        "points_per_step": 4,
        "models": {"gmn": {**SMALL, "settings": {"hidden": 4, "layers": 1, "members": 2}}},
    },
    "embedding": {
        "task": "embedding",
        "target": ["labels.size"],
        "dimensions": 2,
        "models": {"gmn": SMALL},
    },
    "search": {
        "target": "labels.size",
        "search": {"trials": 2, "epochs": 1},
        "models": {"gmn": RANGED},
    },
}
ZOO = {
    "dataset": "digits",
    "count": 6,
    "architectures": [
        {"family": "cnn", "file": "cnn.yaml", "variables": {"width": {"integers": [2, 3]}}}
    ],
    "training": {"learning_rate": {"log_uniform": [1e-3, 1e-1]}, "epochs": 1},
}
CNN = """
vars: {width: 3}
inputs: {image: [1, 8, 8]}
layers: [flatten, {linear: {out_features: $width}}, relu, {linear: {out_features: 10}}]
"""


def write_graphs(folder: Path, count: int = 16, **more: Any) -> GraphSet:
    """Write networks as of digits, which have what every task needs; `more` is said about them."""
    net = spec.loads(SIREN)
    rng = np.random.default_rng(0)

    def networks() -> Any:
        for i in range(count):
            split = ("train", "test", "train", "validation")[i // 2 % 4]
            record = {
                "index": i,
                "family": "siren",
                "split": split,
                "signal": i,
                "offset": 0.5,
                "labels": {"class": i % 2, "size": float(rng.random())},
                "metrics": {"psnr": 20.0 + i},
            }
            yield net, random_weights(net, rng, np.float32), record

    about = {
        "networks": {"train": count // 2, "validation": count // 4, "test": count // 4},
        "signals": {"name": "digits", "seed": 0},
        **more,
    }
    return GraphSet.write(folder, networks(), 6, about)


def write_settings(folder: Path) -> None:
    """Write the settings of every task, as `<task>.yaml`."""
    folder.mkdir(exist_ok=True)
    for name, section in TASKS.items():
        (folder / f"{name}.yaml").write_text(json.dumps({"train": {"seeds": [0], **section}}))


def make(folder: Path) -> None:
    """Make settings, a network, graphs, runs of every task, a search, results and a report.

    Beside the finished runs of `runs/<task>` there are those of `begun`, stopped after an epoch.
    """
    settings = folder / "settings"
    write_settings(settings)
    (folder / "net.yaml").write_text(SIREN)
    net = spec.load(folder / "net.yaml")
    weights = random_weights(net, np.random.default_rng(1), np.float32)
    write_weights(folder / "w.safetensors", weights)
    graphs = write_graphs(folder / "graphs").folder
    with pytest.MonkeyPatch.context() as patch:
        run_here(patch)
        for task in ("regression", "classification", "editing", "embedding"):
            train(settings / f"{task}.yaml", graphs, folder / "runs" / task)
        search(settings / "search.yaml", graphs, folder / "search")
        stop_after_an_epoch(settings / "regression.yaml", graphs, folder / "begun")
        use_toys(patch)
        make_experiment(folder)


def make_experiment(folder: Path) -> None:
    """Make the folder of an experiment of its zoo, graphs, runs, results and report."""
    root = folder / "experiment"
    (root / "out").mkdir(parents=True)
    (root / "cnn.yaml").write_text(CNN)
    section = {"seeds": [0], **TASKS["regression"]}
    (root / "params.yaml").write_text(json.dumps({"zoo": ZOO, "train": section}))
    zoo = generate(root / "params.yaml", root / "out/zoo")
    write_graphs(root / "out/graphs", zoo=zoo["hash"])
    train(root / "params.yaml", root / "out/graphs", root / "out/train")
    evaluate(root / "out/train", root / "out/graphs", root / "out/results")
    write_experiment_report(root, root / "params.yaml")


def run_here(patch: pytest.MonkeyPatch) -> None:
    """Let runs be trained in this process."""
    patch.setattr(import_module("pipelines.training.stage"), "execute", in_order)


def in_order(
    every: Sequence[Job], workers: int | None, processes: int = 1, label: str = "", **_: Any
) -> None:
    """Execute runs in this process: one of their own takes seconds to begin."""
    here(every, workers, label)


def stop_after_an_epoch(settings: Path, graphs: Path, out: Path) -> None:
    """Train as a stopped process does."""
    saved = loop.save_checkpoint

    def stop(*arguments: Any) -> None:
        saved(*arguments)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "save_checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            train(settings, graphs, out)
