"""Processor seconds of imports and of commands that do little, in new processes."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import torch
from result import Measure, save

import metanet
import spec
from graphgen.files import write_weights
from graphgen.testing import random_weights
from pipelines.training.trained import Trained

NET = """
inputs: {x: [2]}
layers: [linear: {out_features: 32}, relu, linear: {out_features: 32}, relu,
         linear: {out_features: 1}]
"""
ROUNDS = 7
GMN = "from pipelines.cli import main; main()"
HASH = "0" * 64
ABOUT = {
    "run": HASH, "asked": HASH, "recipe": HASH, "name": "gmn", "seed": 0, "code": HASH,
    "made_with": {}, "scores": {"validation": {}},
    "trained_on": {
        "graph_set": HASH, "networks": 2, "families": [], "parameters": [1, 1], "weights": [0, 1],
    },
}  # fmt: skip


def seconds(*arguments: str) -> float:
    """Run Python in a new process, and give the processor seconds of it and its children."""
    command = [sys.executable, *arguments]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    process = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, nowhere, 1)]
    )
    _, status, usage = os.wait4(process, 0)
    os.close(nowhere)
    if status:
        raise RuntimeError(f"{command} failed")
    return usage.ru_utime + usage.ru_stime


def write_network(folder: Path) -> list[str]:
    """Write a network with its weights, and a saved predictor; give the paths."""
    paths = [folder / name for name in ("net.yaml", "weights.safetensors", "run")]
    paths[0].write_text(NET, encoding="utf-8")
    weights = random_weights(spec.load(paths[0]), np.random.default_rng(0), np.float32)
    write_weights(paths[1], weights)
    torch.manual_seed(0)
    task = {"task": "regression", "target": "metrics.accuracy", "auxiliary": {}}
    state = {"target": task["target"], "mean": 0.0, "deviation": 1.0}
    Trained("gmn", metanet.GMN(hidden=64, layers=4), task, state).save(paths[2], ABOUT)
    return [str(path) for path in paths]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        net, weights, run = write_network(Path(folder))
        work = {
            "Python": ("-c", "pass"),
            "import numpy": ("-c", "import numpy"),
            "import torch": ("-c", "import torch"),
            "import spec, graphgen": ("-c", "import spec, graphgen"),
            "the same, and a template": (
                "-c",
                f"import spec, graphgen; graphgen.template(spec.load({net!r}))",
            ),
            "import torch, metanet": ("-c", "import torch, metanet"),
            "the same, and a GMN": ("-c", "import torch, metanet; metanet.GMN()"),
            "gmn --help": ("-c", GMN, "--help"),
            "gmn check net.yaml": ("-c", GMN, "check", net),
            "gmn check net.yaml weights": ("-c", GMN, "check", net, weights),
            "gmn symmetries net.yaml": ("-c", GMN, "symmetries", net),
            "gmn predict run net.yaml weights": ("-c", GMN, "predict", run, net, weights),
        }
        found: dict[str, list[float]] = {name: [] for name in work}
        for round_ in range(ROUNDS + 1):
            for name, arguments in work.items():
                taken = seconds(*arguments)
                if round_:  # the first one writes bytecode
                    found[name].append(taken)
    times = {name: median(taken) for name, taken in found.items()}
    limits = {
        "import spec, graphgen": 0.25,
        "gmn check net.yaml": 0.2,
        "gmn predict run net.yaml weights": 3.0,
    }
    measures = {name: Measure(value, "s", limits.get(name)) for name, value in times.items()}
    after = times["import torch, metanet"] - times["import torch"]
    measures["import metanet, behind torch"] = Measure(after, "s", 0.3)
    made = times["the same, and a GMN"] - times["import torch"]
    measures["import metanet and make a GMN, behind torch"] = Measure(made, "s")
    predicted = times["gmn predict run net.yaml weights"] - times["import torch"]
    measures["gmn predict, behind torch"] = Measure(predicted, "s")
    save("commands", measures)


if __name__ == "__main__":
    main()
