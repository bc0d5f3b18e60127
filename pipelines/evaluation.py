"""The evaluate stage: what trained models predict for networks that they have not seen."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from graphgen import GraphSet
from graphgen.files import write_bytes, write_json
from pipelines.compile import WIDER
from pipelines.errors import PipelineError
from pipelines.metrics import scores, summarise
from pipelines.training.predictor import Predictor, read_settings
from pipelines.training.targets import read_targets

COLUMNS = ("model", "seed", "network", "family", "split", "true", "predicted")
HELD_OUT = {"validation": "validation.json", "test": "metrics.json", WIDER: "wider.json"}


def evaluate(train: str | Path, graphs: str | Path, out: str | Path) -> dict[str, Any]:
    """Evaluate every finished run of a train folder on the held-out networks of a graph set.

        metrics = evaluate("out/train", "out/graphs", "out/evaluate")

    Writes `predictions.csv`, `validation.json`, `metrics.json` (test networks) and, where there are
    wider networks, `wider.json`: R2, Kendall's tau and mean absolute error, mean and standard
    deviation over seeds. Gives those of the test networks.
    """
    folders = finished_runs(train)
    graph_set = GraphSet.open(graphs)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    measured: dict[str, list[dict[str, Any]]] = {split: [] for split in HELD_OUT}
    for folder in folders:
        settings = read_settings(folder) or {}
        predictor = Predictor.load(folder)
        targets = read_targets(graph_set, predictor.target)
        name, seed = folder.name.rsplit("-seed", 1)[0], settings["seed"]
        for split in HELD_OUT:
            indices = targets.indices.get(split)
            if not indices:
                continue
            predicted = predictor.predict_set(graph_set, indices)
            true = targets.values[indices]
            measured[split].append({"model": name, "seed": seed, **scores(true, predicted)})
            for i, t, p in zip(indices, true, predicted, strict=True):
                record = graph_set.records[i]
                row = (name, seed, record["index"], record["family"], split, float(t), float(p))
                rows.append(dict(zip(COLUMNS, row, strict=True)))
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(out / "predictions.csv", text.getvalue().encode())
    for split, file in HELD_OUT.items():
        if measured[split] or split != WIDER:
            write_json(out / file, summarise(measured[split]) if measured[split] else {})
    metrics: dict[str, Any] = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    return metrics


def finished_runs(train: str | Path) -> list[Path]:
    """List the folders of finished runs; `PipelineError` if there is none."""
    folders = sorted(path.parent for path in Path(train).rglob("*-seed*/settings.json"))
    if not folders:
        raise PipelineError(f"{train}: no finished training run in this folder; run `gmn train`")
    return folders
