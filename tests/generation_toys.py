"""Small populations of networks that encode curves, for the tests of flows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from fuzz.json_mutations import sealed

import graphgen
import spec
from graphgen import GraphSet, Template
from pipelines.errors import PipelineError
from pipelines.generation.population import Rows, arrays_of, row_of
from pipelines.generation.run import FlowRun
from pipelines.provenance import maker_of
from pipelines.runs.job import Job
from spec import Architecture

DESCRIPTION = {
    "inputs": {"x": [1]},
    "layers": [
        {"linear": {"out_features": 4}},
        {"sine": {"frequency": 3}},
        {"linear": {"out_features": 1}},
    ],
}
SIZE = 13


def wave() -> tuple[Architecture, Template]:
    """Give a network of thirteen parameters, from one number to one."""
    net = spec.loads(json.dumps(DESCRIPTION))
    return net, graphgen.template(net)


def clusters(count: int, seed: int, *, permuted: bool) -> Rows:
    """Draw networks near one of two, their neurons permuted or not, (count, SIZE)."""
    net, template = wave()
    group = graphgen.symmetries(net)
    centres = np.random.default_rng(0).normal(size=(2, SIZE))
    rng = np.random.default_rng(1 + seed)
    rows = []
    for i in range(count):
        row = (centres[i % 2] + 0.05 * rng.normal(size=SIZE)).astype(np.float32)
        if permuted:
            row = row_of(template, group.sample(rng).apply(arrays_of(template, row)))
        rows.append(row)
    return np.stack(rows)


TRAINING = {
    "epochs": 2, "batch_size": 8, "learning_rate": 1e-2, "weight_decay": 0.0, "gradient_norm": 1.0,
}  # fmt: skip
FLOW: dict[str, Any] = {
    "condition": "class",
    "seeds": [0],
    "models": {
        "gmn": {
            "reference": True,
            "principal": 2,
            "settings": {"hidden": 8, "layers": 1},
            "training": TRAINING,
        }
    },
}
SAMPLE = {"count": 9, "steps": 2, "together": 4}
QUALITY = {"signals": "curves", "grid": [16], "components": 4, "shown": 3}


def write_graphs(
    folder: Path, count: int = 32, *, replace: bool = False, **changes: Any
) -> GraphSet:
    """Write toy networks of two classes as a graph set: half to train with, a quarter to test."""
    net, template = wave()
    rows = clusters(count, 0, permuted=False)

    def networks() -> Any:
        for i, row in enumerate(rows):
            split = ("train", "test", "train", "validation")[i // 2 % 4]
            record = {"index": i, "split": split, "labels": {"class": i % 2}, "offset": 0.5}
            yield net, arrays_of(template, row), {**record, **changes}

    return GraphSet.write(folder, networks(), replace=replace)


def write_settings(folder: Path, **changes: Any) -> Path:
    file = folder / "params.yaml"
    sections = {"flow": FLOW, "sample": SAMPLE, "quality": QUALITY, **changes}
    file.write_text(json.dumps(sections))
    return file


def run_of(folder: Path, graph_set: GraphSet, **changes: Any) -> FlowRun:
    """Give the run that the settings ask for."""
    given = {
        "name": "gmn", "seed": 0, "model": FLOW["models"]["gmn"], "alignment": "none",
        "label": "class", "graphs": graph_set.folder, "graphs_hash": graph_set.hash,
        "out": folder / "flow", "code": maker_of(FlowRun.__module__),
    }  # fmt: skip
    return FlowRun(**{**given, **changes})


PLAIN: dict[str, Any] = {"settings": {"hidden": 4, "layers": 1}, "training": TRAINING}
MODELS = {"gmn": FLOW["models"]["gmn"], "plain": PLAIN}
TWO: dict[str, Any] = {**FLOW, "models": MODELS}


def here(every: Sequence[Job], workers: int | None, label: str = "", **_: Any) -> None:
    """Execute runs in this process: one of their own takes seconds to begin."""
    failed = []
    for run in every:
        try:
            if not run.finished():
                run.execute()
        except PipelineError as error:
            failed.append(str(error))
    if failed:
        raise PipelineError("\n".join(failed))


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a document, and seal it again."""
    data = json.loads(path.read_text())
    change(data)
    path.write_bytes(sealed(json.dumps(data).encode()))


def contents(folder: Path) -> dict[str, bytes]:
    """Read all files of a folder but those that are only there while somebody works."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files if p.name != ".lock"}


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Give a function that puts the last of the arguments where the others lead."""
    *way, last, value = path

    def change(data: dict[str, Any]) -> None:
        for key in way:
            data = data[key]
        data[last] = value

    return change
