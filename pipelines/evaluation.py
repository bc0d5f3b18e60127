"""The evaluate stage: what trained models predict for networks that they have not seen."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from graphgen import GraphSet
from graphgen.files import write_bytes, write_json, write_safetensors
from pipelines.compile import WIDER
from pipelines.errors import PipelineError
from pipelines.metrics import summarise
from pipelines.tasks import open_task, task_of
from pipelines.training.result import read_settings
from pipelines.training.trained import Trained

HELD_OUT = {"validation": "validation.json", "test": "metrics.json", WIDER: "wider.json"}
EXAMPLES = "examples.safetensors"


def evaluate(train: str | Path, graphs: str | Path, out: str | Path) -> dict[str, Any]:
    """Evaluate every finished run of a train folder on the held-out networks of a graph set.

        metrics = evaluate("out/train", "out/graphs", "out/evaluate")

    Writes `predictions.csv`, `validation.json`, `metrics.json` (test networks) and, where there are
    wider networks, `wider.json`: the scores of the task, mean and standard deviation over seeds;
    and `examples.safetensors` where the task has examples to show, of each model's first seed.
    Gives the scores of the test networks.
    """
    folders = finished_runs(train)
    graph_set = GraphSet.open(graphs)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    measured: dict[str, list[dict[str, Any]]] = {split: [] for split in HELD_OUT}
    examples: dict[str, Any] = {}
    for folder in folders:
        trained = Trained.load(folder)
        task = open_task(trained.task, graph_set)
        name, seed = folder.name.rsplit("-seed", 1)[0], trained.state["seed"]
        for split in HELD_OUT:
            indices = task.indices.get(split)
            if not indices:
                continue
            result = task.measure(trained.model, trained.state, indices)
            measured[split].append({"model": name, "seed": seed, **result.scores})
            for i, own in zip(indices, result.rows, strict=True):
                record = graph_set.records[i]
                about = {"network": record["index"], "family": record["family"], "split": split}
                rows.append({"model": name, "seed": seed, **about, **own})
        if not any(key.startswith(f"{name}.") for key in examples):
            shown = task.examples(trained.model)
            examples |= {f"{name}.{key}": array for key, array in shown.items()}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(out / "predictions.csv", text.getvalue().encode())
    if examples:
        write_safetensors(out / EXAMPLES, examples)
    for split, file in HELD_OUT.items():
        if measured[split] or split != WIDER:
            write_json(out / file, summarise(measured[split]) if measured[split] else {})
    metrics: dict[str, Any] = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    return metrics


def finished_runs(train: str | Path) -> list[Path]:
    """List the folders of finished runs, all of one task; `PipelineError` if there is none."""
    folders = sorted(path.parent for path in Path(train).rglob("*-seed*/settings.json"))
    if not folders:
        raise PipelineError(f"{train}: no finished training run in this folder; run `gmn train`")
    tasks = {
        task_of((read_settings(folder) or {}).get("task") or {}).name: folder for folder in folders
    }
    if len(tasks) > 1:
        found = ", ".join(f"{name} ({folder})" for name, folder in tasks.items())
        raise PipelineError(
            f"{train}: runs of several tasks: {found}; give each task a folder of its own"
        )
    return folders
