"""The report stage: gathers what the stages of one experiment wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graphgen import GraphSet
from graphgen.files import read_weights, write_bytes
from pipelines.datasets import load
from pipelines.errors import PipelineError
from pipelines.evaluation import EXAMPLES
from pipelines.metrics import r2_ceiling, table
from pipelines.report import write_report
from pipelines.report.comparison import compare, markdown
from pipelines.report.inputs import read_predictions
from pipelines.tasks import DEFAULT, task_of
from pipelines.training.history import FILE
from pipelines.zoo import open_zoo
from spec.yaml_reader import read_file

ZOO, GRAPHS, TRAIN = Path("out/zoo"), Path("out/graphs"), Path("out/train")
RESULTS, REPORT = Path("results"), Path("out/report.html")


def write_experiment_report(
    root: str | Path,
    params: str | Path,
    zoo_folder: str | Path | None = None,
    graphs: str | Path | None = None,
) -> Path:
    """Write the report of an experiment from `out/` and `results/` in its folder.

    Where there are several training sets or splits, `results/table.md` compares the systems too.
    `zoo_folder` and `graphs` are those of another experiment, if they are not in `out/`.
    """
    root = Path(root)
    graph_set = GraphSet.open(graphs or root / GRAPHS)
    zoo = open_zoo(zoo_folder or root / ZOO)
    out, examples = root / REPORT, root / RESULTS / EXAMPLES
    out.parent.mkdir(parents=True, exist_ok=True)
    data = read_file(params).data
    default = task_of(data.get("train") or data).name == DEFAULT
    predictions = read_predictions(root / RESULTS / "predictions.csv") if default else []
    compared = compare(predictions, test_size(zoo))
    if len(compared) > 1:
        write_bytes(root / RESULTS / "table.md", markdown(compared).encode())
    return write_report(
        out,
        zoo_index=zoo,
        metrics=read_metrics(root),
        predictions=root / RESULTS / "predictions.csv",
        histories={p.parent.name: p for p in sorted((root / TRAIN).rglob(FILE))},
        settings=data,
        split_sizes=graph_set.index["about"]["networks"],
        test_size=test_size(zoo),
        graph_set_hash=graph_set.hash,
        examples=read_weights(examples) if examples.exists() else None,
    )


def test_size(zoo: dict[str, Any]) -> int | None:
    """Count the images that the zoo's accuracies were measured on; None if there are none."""
    settings = zoo["zoo"]
    if "dataset" not in settings:
        return None
    available = len(load(settings["dataset"]).test_labels)
    return min(available, settings.get("test_samples") or available)


def show_results(root: str | Path) -> str:
    """Give the table of an experiment's results and the place of its report."""
    root = Path(root)
    path = root / REPORT
    if not path.exists():
        raise PipelineError(f"{path}: no such file; run `dvc repro` or `gmn report` first")
    scores = table(read_metrics(root), ceiling=known_ceiling(root))
    return f"{scores}\nreport: {path.resolve().as_uri()}"


def known_ceiling(root: Path) -> float | None:
    """Compute what the finite test set of a zoo leaves of R2 to predictors of its accuracies."""
    size = test_size(open_zoo(root / ZOO))
    records = GraphSet.open(root / GRAPHS).records
    true = [row["metrics"].get("test_accuracy") for row in records if row["split"] == "test"]
    return None if size is None or None in true else r2_ceiling(true, size)


def read_metrics(root: Path) -> dict[str, Any]:
    """Read what the evaluate stage measured on test networks."""
    path = root / RESULTS / "metrics.json"
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PipelineError(f"{path}: no such file; run `gmn evaluate` first") from None
    except ValueError as error:
        raise PipelineError(f"{path}: not readable as JSON: {error}") from None
    return result
