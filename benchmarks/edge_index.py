"""Writing out edge indices against copying as many bytes: at most 1.5 times the time.

Fresh: both allocate the memory that they write. Warm: both write to an array that was written
before. Repetitions are interleaved, so that a busy machine slows down all alike.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from result import Measure, save

import graphgen
import spec

NETS = Path(spec.__file__).parent / "nets"
REPETITIONS = 15
LIMIT = 1.5
IMAGENET = {"channels": 3, "size": 224, "classes": 1000}
TEXT = {"vocabulary": 8192, "length": 512, "width": 768, "heads": 12, "depth": 4}

# What to call it, its kind of graph, its file, its variables.
GRAPHS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("ResNet-18", "parameter", "resnet",
     {**IMAGENET, "width": 64, "blocks": [2, 2, 2, 2], "imagenet": True}),
    ("ConvNeXt-T", "parameter", "convnext",
     {**IMAGENET, "patch": 4, "widths": [96, 192, 384, 768], "blocks": [3, 3, 9, 3]}),
    ("GPT-2, 4 layers", "parameter", "gpt2", TEXT),
    ("ResNet on 32 x 32", "computation", "resnet",
     {"channels": 3, "size": 32, "classes": 10, "width": 16, "blocks": [2, 2, 2]}),
    ("ViT on 32 x 32", "computation", "vit",
     {"channels": 3, "size": 32, "classes": 10, "patch": 4, "width": 64, "heads": 4,
      "hidden": 128, "depth": 2}),
]  # fmt: skip


def main() -> None:
    measures: dict[str, Measure] = {}
    for name, kind, file, variables in GRAPHS:
        net = spec.load(NETS / f"{file}.yaml", **variables)
        template = graphgen.template(net, kind=kind)
        seconds = interleaved(actions(template))
        measures[f"{name}, {kind} graph: edges"] = Measure(template.num_edges, "")
        for memory in ("fresh", "warm"):
            copying, writing = seconds[f"copy {memory}"], seconds[f"write {memory}"]
            ratio = Measure(median(writing) / median(copying), "", LIMIT)
            measures[f"{name}, {memory}: copy"] = Measure(median(copying), "s")
            measures[f"{name}, {memory}: write / copy"] = ratio
    save("edge_index", measures)


def actions(template: graphgen.Template) -> dict[str, Callable[[], object]]:
    """Give what is timed, by name."""
    index = template.edge_index()
    out = index.copy()
    return {
        "copy fresh": lambda: np.copyto(np.empty_like(index), index),
        "write fresh": template.edge_index,
        "copy warm": lambda: np.copyto(out, index),
        "write warm": lambda: template.edge_index(out),
    }


def interleaved(calls: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Time each call once, then each once more, and so on."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(REPETITIONS):
        for name, call in calls.items():
            began = perf_counter()
            call()
            seconds[name].append(perf_counter() - began)
    return seconds


if __name__ == "__main__":
    main()
