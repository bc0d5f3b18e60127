"""Networks fitted to images in a second: in stacks against one by one, and how well."""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from result import Measure, save

import spec
from pipelines import signals
from pipelines.inrs.conventions import CONVENTIONS
from pipelines.inrs.decode import decode, psnr
from pipelines.inrs.fit import begin, errors, fit

ROUNDS, COUNT, TOGETHER = 3, 64, 32
NET = Path(__file__).parent.parent / "spec" / "nets" / "siren.yaml"
STEPS = {"digits": 100, "mnist": 100, "fashion_mnist": 100, "cifar10": 300}
STANDARD = CONVENTIONS["standard"]


def measure(name: str) -> dict[str, Measure]:
    signal_set = signals.load(name)
    net = spec.load(NET, width=32, depth=1, channels=signal_set.channels)
    found = [signal_set.signal("train", number) for number in range(COUNT)]
    coordinates = torch.from_numpy(found[0].coordinates)
    values = torch.from_numpy(np.stack([signal.values for signal in found]))
    recipe: dict[str, Any] = {
        "steps": STEPS[name],
        "learning_rate": 1e-2,
        "schedule": "linear",
        "points_per_step": None,
    }

    def run(count: int, size: int) -> tuple[float, list[float]]:
        """Fit so many networks, in stacks: processor seconds a network, and their errors."""
        begun, found = time.process_time(), []
        for first in range(0, count, size):
            chosen = values[first : first + size]
            weights = begin(net, range(first, first + size), STANDARD)
            weights = fit(net, weights, coordinates, chosen, recipe)
            found += errors(decode(net, weights, coordinates), chosen).tolist()
        return (time.process_time() - begun) / count, found

    rows = []
    for _ in range(ROUNDS):
        alone, _ = run(8, 1)
        stacked, found_errors = run(COUNT, TOGETHER)
        rows.append((alone, stacked))
    alone, stacked = (statistics.median(column) for column in zip(*rows, strict=True))
    ratios = psnr(found_errors, 1.0)
    return {
        f"{name}: steps": Measure(STEPS[name], ""),
        f"{name}: one by one: a network": Measure(alone, "s"),
        f"{name}: in stacks of {TOGETHER}: a network": Measure(stacked, "s"),
        f"{name}: stacks: networks in a second of a thread": Measure(1 / stacked, ""),
        f"{name}: one by one / stacks": Measure(statistics.median(a / b for a, b in rows), "times"),
        f"{name}: mean PSNR": Measure(float(ratios.mean()), "dB"),
        f"{name}: least PSNR": Measure(float(ratios.min()), "dB"),
    }


def main() -> None:
    torch.set_num_threads(1)
    names = sys.argv[1:] or (list(STEPS) if "GMN_DATA" in os.environ else ["digits"])
    measures: dict[str, Measure] = {}
    for name in names:
        measures |= measure(name)
    if "mnist" in names:
        # The target: 10,000 networks in under 10 minutes on two cores.
        seconds = measures[f"mnist: in stacks of {TOGETHER}: a network"].value * 10_000 / 2
        measures["mnist: 10,000 networks on two cores"] = Measure(seconds, "s", 600)
        below = 40 - measures["mnist: mean PSNR"].value
        measures["mnist: 40 dB less the mean PSNR"] = Measure(below, "dB", 0)
    save("inr_fitting", measures)


if __name__ == "__main__":
    main()
