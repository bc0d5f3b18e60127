"""The report stage: gathers what the stages of one experiment wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphgen import GraphSet
from graphgen.files import claim_file, read_document, read_weights, write_bytes
from graphgen.files.document import peek
from graphgen.files.sealed import parts_of, read_part
from pipelines.costs import read_costs
from pipelines.costs import table as costs_table
from pipelines.datasets import test_images
from pipelines.errors import PipelineError
from pipelines.graphs import open_graphs
from pipelines.metrics import r2_ceiling, table
from pipelines.metrics.form import check_metrics
from pipelines.report import write_report
from pipelines.report.inputs import read_predictions
from pipelines.results import read_results, result_file
from pipelines.runs.collection import INDEX as RUNS
from pipelines.runs.collection import RESULT, listed_runs, stage_of
from pipelines.runs.history import FILE as HISTORY
from pipelines.tasks.names import DEFAULT, EXAMPLES
from pipelines.zoo import open_zoo
from spec.yaml_reader import read_file

ZOO, GRAPHS, TRAIN = Path("out/zoo"), Path("out/graphs"), Path("out/train")
SEARCH = Path("out/search")
RESULTS, REPORT, PUBLISHED = Path("out/results"), Path("out/report.html"), Path("results")
METRICS, PREDICTIONS, TABLE = "metrics.json", "predictions.csv", "table.md"
SETTINGS = "settings.json"


def write_experiment_report(
    root: str | Path,
    params: str | Path,
    zoo_folder: str | Path | None = None,
    graphs: str | Path | None = None,
    replace: bool = False,
) -> Path:
    """Write the report of an experiment from the folder `out` in its own.

        write_experiment_report(".", "params.yaml", replace=True)

    `out/results/table.md` has its tables too: the systems, with intervals, in every training set
    and split, their differences, and what they cost. `zoo_folder` and `graphs` are those of
    another experiment, if they are not in `out`.
    A report that is there is written over with `replace` only.

    Raises `PipelineError` for results of another graph set, or of other runs than are there.
    """
    from pipelines.report.comparison import compare  # which needs matplotlib
    from pipelines.report.markdown import tables
    from pipelines.report.provenance import provenance
    from pipelines.report.systems import systems

    root = Path(root)
    out, results = root / REPORT, root / RESULTS
    if not results.is_dir():
        raise PipelineError(
            f"{root}: no experiment was evaluated here: {results} is not there; run `dvc repro`, "
            "or name the folder of an experiment by --root"
        )
    claim_file(out, replace)
    graph_set = open_graphs(graphs or root / GRAPHS)
    zoo = open_zoo(zoo_folder or root / ZOO)
    check_zoo(zoo, graph_set)
    runs = check_results(root, graph_set.hash)
    check_settings(params, graph_set.folder, results)
    data = read_file(params).data
    sections = data if isinstance(data, dict) else {}
    section = sections.get("train", sections)
    default = isinstance(section, dict) and section.get("task", DEFAULT) == DEFAULT
    predicted = result_file(results, PREDICTIONS)
    predictions = read_predictions(predicted) if default else []
    compared = compare(predictions, test_size(zoo))
    sealed = read_results(results)
    metrics, costs = (
        read_metrics(result_file(results, METRICS)),
        read_costs(results, sealed["hash"]),
    )
    claim_file(results / TABLE, replace)
    write_bytes(results / TABLE, tables(compared, metrics, costs).encode())
    shown = EXAMPLES in parts_of(sealed)
    folders = {name: folder for name, (folder, _) in runs.items()}
    return write_report(
        out,
        zoo_index=zoo,
        metrics=metrics,
        predictions=predicted,
        histories={name: history for name, (_, history) in runs.items() if history is not None},
        settings=sections,
        split_sizes=graph_set.index["about"].get("networks"),
        test_size=test_size(zoo),
        graph_set_hash=graph_set.hash,
        results_hash=sealed["hash"],
        examples=read_weights(result_file(results, EXAMPLES)) if shown else None,
        costs=costs,
        provenance=provenance(
            root, graph_set.folder, folders, systems(folders, section, root / SEARCH)
        ),
    )


def check_zoo(zoo: dict[str, Any], graph_set: GraphSet) -> None:
    """Raise `PipelineError` for a graph set that was made of another zoo."""
    if graph_set.index["about"].get("zoo") != zoo["hash"]:
        raise PipelineError(
            f"{graph_set.folder}: made of another zoo than the one that is there now; run "
            "`gmn compile` again"
        )


def check_results(root: Path, graph_set: str) -> dict[str, tuple[Path, Path | None]]:
    """Compare results with the graph set and the runs; give the runs' folders and histories."""
    results = root / RESULTS
    of = read_results(results)["of"]
    if of.get("graph_set") != graph_set:
        raise PipelineError(
            f"{results}: measured on another graph set than the one that is there now; run "
            "`gmn evaluate` again"
        )
    runs = trained_runs(root / TRAIN)
    evaluated = of.get("runs", {})
    known = {*evaluated, *of.get("left_out", ())}
    changed = {name for name in evaluated if name not in runs or runs[name][1] != evaluated[name]}
    if changed or runs.keys() - known:
        names = ", ".join(sorted(changed | (runs.keys() - known)))
        raise PipelineError(
            f"{results}: {names}: trained again, trained newly or removed, since it was evaluated; "
            "run `gmn evaluate` again"
        )
    found: dict[str, tuple[Path, Path | None]] = {}
    for name in evaluated:
        folder = runs[name][0]
        sealed = read_document(folder / SETTINGS, RESULT)
        has_history = HISTORY in parts_of(sealed)
        found[name] = folder, read_part(folder, sealed, HISTORY) if has_history else None
    return found


def trained_runs(train: Path) -> dict[str, tuple[Path, str]]:
    """List the runs that the train stage made last: folder and identity by name."""
    folders = sorted(path.parent for path in train.rglob(RUNS))
    return {
        name: run
        for folder in folders
        if stage_of(folder) == "train"
        for name, run in listed_runs(folder).items()
    }


def check_settings(params: str | Path, graphs: str | Path, results: Path) -> None:
    """Raise `PipelineError` for results of other settings than those that a report would show."""
    from pipelines.training.planning import asked_runs  # which needs torch

    asked, of = asked_runs(params, graphs), read_results(results)["of"]
    found, missing = of.get("asked", {}), set(of.get("missing", ()))
    wrong = {name for name in found if found[name] != asked.get(name)}
    if wrong or asked.keys() - found.keys() - missing:
        names = ", ".join(sorted(wrong | (asked.keys() - found.keys() - missing)))
        raise PipelineError(
            f"{results}: {names}: not of the settings that are in {params} now; run "
            "`gmn train` and `gmn evaluate` again"
        )


def test_size(zoo: dict[str, Any]) -> int | None:
    """Count the images that the zoo's accuracies were measured on; None if there are none."""
    settings = zoo["zoo"]
    if "dataset" not in settings:
        return None
    available = test_images(settings["dataset"])
    return min(available, settings.get("test_samples") or available)


def show_results(root: str | Path) -> str:
    """Give the table of an experiment's results, the published one if it differs, and the report.

    Published results are those in the folder `results`, which numbers of another processor may
    differ from by rounding.
    """
    root = Path(root)
    path = root / REPORT
    if not path.exists():
        raise PipelineError(f"{path}: no such file; run `dvc repro` or `gmn report` first")
    sealed = read_results(root / RESULTS)
    if sealed["hash"] not in path.read_text(encoding="utf-8"):
        raise PipelineError(
            f"{path}: of other results than those there; run `gmn report --replace`"
        )
    metrics = read_metrics(result_file(root / RESULTS, METRICS))
    words = table(metrics, ceiling=known_ceiling(root))
    if spent := read_costs(root / RESULTS, sealed["hash"]):
        words += f"\n\nprocessor time\n{costs_table(spent)}\n"
    published = root / PUBLISHED / METRICS
    if published.exists():
        theirs = read_metrics(published)
        same = theirs == metrics
        words += "\nas published" if same else f"\n\npublished ({published}):\n{table(theirs)}"
    return f"{words}\nreport: {path.resolve().as_uri()}"


def known_ceiling(root: Path) -> float | None:
    """Compute what the finite test set of a zoo leaves of R2 to predictors of its accuracies."""
    zoo, graph_set = open_zoo(root / ZOO), open_graphs(root / GRAPHS)
    check_zoo(zoo, graph_set)
    check_results(root, graph_set.hash)
    size, records = test_size(zoo), graph_set.records
    true = [
        row.get("metrics", {}).get("test_accuracy") for row in records if row["split"] == "test"
    ]
    return None if size is None or not true or None in true else r2_ceiling(true, size)


def read_metrics(path: Path) -> dict[str, Any]:
    """Read scores; `PipelineError` for a file that has none."""
    result = peek(path)
    if not isinstance(result, dict):
        raise PipelineError(f"{path}: expected scores by model; run `gmn evaluate` again")
    check_metrics(result, str(path))
    return result
