"""Networks trained in stacks against the same networks one by one, on one device: ratios.

On a GPU if there is one, else on the CPU. `--networks`, `--images` and `--stack` make it smaller.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from result import Measure, save

from pipelines import datasets
from pipelines.datasets import Dataset
from pipelines.zoo.fit import fit
from pipelines.zoo.fit_stack import fit_stack
from pipelines.zoo.sampling import NetworkPlan, plan
from pipelines.zoo.settings import read_settings

ROUNDS = 3
MLP = """
vars: {width: 32}
inputs: {image: [1, 8, 8]}
layers: [flatten, linear: {out_features: $width}, relu, linear: {out_features: 10}]
"""
CNN = """
vars: {channels: 16, dropout: 0.1}
inputs: {image: [1, 8, 8]}
layers:
  - conv2d: {out_channels: $channels, kernel_size: 3, padding: 1, bias: false}
  - batch_norm
  - relu
  - conv2d: {out_channels: $channels, kernel_size: 3, stride: 2, padding: 1, bias: false}
  - batch_norm
  - relu
  - adaptive_avg_pool2d: {output_size: 1}
  - flatten
  - dropout: {p: $dropout}
  - linear: {out_features: 10}
"""
FAMILIES = {"mlp": (MLP, {}), "cnn": (CNN, {"dropout": {"uniform": [0, 0.3]}})}


def plans(family: str, folder: Path, count: int) -> list[NetworkPlan]:
    """Plan networks of one architecture, by recipes with ranges."""
    description, variables = FAMILIES[family]
    (folder / "net.yaml").write_text(description)
    zoo = {
        "dataset": "digits",
        "count": count,
        "architectures": [{"family": family, "file": "net.yaml", "variables": variables}],
        "training": {
            "learning_rate": {"log_uniform": [1e-3, 1e-2]},
            "weight_decay": {"log_uniform": [1e-5, 1e-2]},
            "epochs": {"integers": [2, 4]},
            "train_fraction": {"uniform": [0.5, 1]},
        },
    }
    (folder / "zoo.yaml").write_text(json.dumps(zoo))
    settings = read_settings(folder / "zoo.yaml")
    return [plan(settings, index) for index in range(count)]


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()  # ends with weights on the CPU, so that nothing is left to wait for
    return time.perf_counter() - begun


def compare(
    planned: list[NetworkPlan], dataset: Dataset, device: str, stack: int
) -> tuple[float, float]:
    """Give the seconds a network takes one by one, and in stacks."""
    few = planned[:: max(1, len(planned) // 8)]
    parts = [planned[i : i + stack] for i in range(0, len(planned), stack)]
    fit(few[0], dataset, device)
    fit_stack(parts[-1][:2], dataset, device)
    alone, together = [], []
    for _ in range(ROUNDS):
        alone.append(timed(lambda: [fit(p, dataset, device) for p in few]) / len(few))
        rest = timed(lambda: [fit_stack(part, dataset, device) for part in parts])
        together.append(rest / len(planned))
    return statistics.median(alone), statistics.median(together)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=512)
    parser.add_argument("--stack", type=int, default=256)
    parser.add_argument("--images", type=int, default=1000)
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    name = torch.cuda.get_device_name() if device == "cuda" else "the CPU, on one thread"
    whole = datasets.load("digits")
    dataset = Dataset(
        whole.name,
        whole.train_images[: options.images],
        whole.train_labels[: options.images],
        whole.test_images,
        whole.test_labels,
        whole.classes,
    )
    measures = {
        f"on {name}": Measure(1, "device"),
        "networks": Measure(options.networks, ""),
        "at most in a stack": Measure(options.stack, ""),
    }
    with tempfile.TemporaryDirectory() as folder:
        for family in FAMILIES:
            planned = plans(family, Path(folder), options.networks)
            alone, together = compare(planned, dataset, device, options.stack)
            measures |= {
                f"{family}, {device}: a network, one by one": Measure(alone, "s"),
                f"{family}, {device}: a network, in stacks": Measure(together, "s"),
                f"{family}, {device}: throughput of stacks / one by one": Measure(
                    alone / together, "times"
                ),
            }
    save("zoo_gpu", measures)


if __name__ == "__main__":
    main()
