"""Networks trained in a second: the factory on all cores against one pinned process."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from result import Measure, save

from pipelines.zoo import generate

ROUNDS, COUNT = 5, 12
NETS = Path(__file__).parent.parent / "spec" / "nets"
ZOO = {
    "dataset": "digits",
    "count": COUNT,
    "architectures": [{"family": "cnn", "file": "cnn.yaml", "variables": {"width": 16}}],
    "training": {"learning_rate": 1e-3, "epochs": 12},
}
ONE_PROCESS = """
import json, os, sys, time
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from pipelines.zoo.task import train
settings = sys.argv[1]
train(settings, 0)
begun = time.perf_counter()
for index in range(1, int(sys.argv[2])):
    train(settings, index)
print((time.perf_counter() - begun) / (int(sys.argv[2]) - 1))
"""


def pinned(settings: str) -> float:
    """Time a network in one process on one core, without its start and the first network."""
    command = [sys.executable, "-c", ONE_PROCESS, settings, str(COUNT // 2)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(out.stdout)


def factory(file: Path, folder: Path, count: int) -> float:
    """Time the whole work of `gmn zoo`, on all cores."""
    file.write_text(json.dumps({**ZOO, "count": count}))
    begun = time.perf_counter()
    generate(file, folder)
    return time.perf_counter() - begun


def main() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    rows = []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "cnn.yaml").write_text((NETS / "cnn.yaml").read_text())
        file = place / "zoo.yaml"
        file.write_text(json.dumps(ZOO))
        from pipelines.zoo.settings import read_settings

        settings = json.dumps(read_settings(file).plain())
        for number in range(ROUNDS):
            alone = pinned(settings)
            # The difference of two sizes is the rate once the workers are there.
            few = factory(file, place / f"few{number}", COUNT)
            many = factory(file, place / f"many{number}", 3 * COUNT)
            rows.append((alone, (many - few) / (2 * COUNT), many / (3 * COUNT)))
    alone, rate, whole = (statistics.median(column) for column in zip(*rows, strict=True))
    cores = len(os.sched_getaffinity(0))
    measures = {
        "cores": Measure(cores, ""),
        "one pinned process: a network": Measure(alone, "s"),
        "factory: a network": Measure(rate, "s"),
        "factory: a network, with the start of the workers": Measure(whole, "s"),
        "factory / one process": Measure(
            statistics.median(row[1] / row[0] for row in rows), "times", 1 / 1.8
        ),
    }
    save("zoo_factory", measures)


if __name__ == "__main__":
    main()
