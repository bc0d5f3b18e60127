"""Processor seconds of the symmetries of large networks; templates beside those of a checkout.

python benchmarks/symmetries.py
python benchmarks/symmetries.py --templates          # prints the seconds of templates alone
python benchmarks/symmetries.py --against OTHER      # ratios to the templates of a checkout
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import networks
from result import Measure, save

from graphgen.lower import parameter_template
from graphgen.symmetry import Symmetries
from graphgen.template import Template
from spec import Architecture
from spec.testing.published_nets import PUBLISHED_NETS, published_net

HERE = Path(__file__).resolve().parent
ROUNDS = 5
LARGE: dict[str, tuple[Callable[[], Architecture], float]] = {
    "GPT-2": (lambda: published_net("gpt2"), 0.5),
    "ViT-B": (lambda: published_net("vit"), 0.5),
    "ResNet-152": (networks.resnet152, 0.5),
    "Llama 7B": (networks.llama7b, 0.5),
    "a hidden layer of 10^8": (networks.wide, 0.5),
}
ORDERS: dict[str, tuple[Callable[[], Architecture], float]] = {
    "32 alike branches": (networks.alike_branches, 0.5),
    "a soft mixture of 32 experts in 32 layers": (networks.soft_mixture, 5.0),
    "a DenseNet of 100 layers": (networks.densenet, 5.0),
}


def seconds(work: Callable[[], object]) -> float:
    """Give the median of the processor seconds of some rounds."""
    found = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return median(found)


def table(net: Architecture) -> str:
    """Derive the symmetries of a network from nothing, and print them."""
    return str(Symmetries(parameter_template(net)))


def order(structure: Template) -> int:
    """Derive the order of a template's symmetries."""
    return Symmetries(structure).order


def symmetries() -> dict[str, Measure]:
    """Give the seconds of templates with symmetries, and of orders."""
    measures = {}
    for name, (make, limit) in LARGE.items():
        net = make()
        value = seconds(partial(table, net))
        measures[f"{name}: template and table"] = Measure(value, "s", limit)
    for name, (make, limit) in ORDERS.items():
        structure = parameter_template(make())
        value = seconds(partial(order, structure))
        measures[f"{name}: order"] = Measure(value, "s", limit)
    slowest = {}
    for name in PUBLISHED_NETS:
        structure = parameter_template(published_net(name))
        slowest[name] = seconds(partial(order, structure))
    name = max(slowest, key=lambda key: slowest[key])
    label = f"the slowest of {len(slowest)} reference networks, {name}: order"
    measures[label] = Measure(slowest[name], "s", 2.0)
    return measures


def ratios(other: Path) -> dict[str, Measure]:
    """Give this checkout's seconds of templates over another's, interleaved in new processes."""
    found: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        times = []
        for root in (other, HERE.parent):
            environment = {**os.environ, "PYTHONPATH": str(root)}
            command = [sys.executable, str(HERE / "templates_once.py")]
            sizes = json.dumps(PUBLISHED_NETS).encode()
            times.append(json.loads(subprocess.check_output(command, input=sizes, env=environment)))
        for name in times[0]:
            found.setdefault(name, []).append(times[1][name] / times[0][name])
    return {
        f"{name}: template over the other checkout's": Measure(median(rows), "")
        for name, rows in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path)
    arguments = parser.parse_args()
    if arguments.against:
        save("templates", ratios(arguments.against))
    else:
        save("symmetries", symmetries())


if __name__ == "__main__":
    main()
