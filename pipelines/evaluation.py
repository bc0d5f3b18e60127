"""The evaluate stage: what trained models predict for networks that they have not seen."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from graphgen import GraphSet
from graphgen.files import write_bytes, write_json, write_safetensors
from pipelines.costs import cost_of, write_costs
from pipelines.devices import CPU
from pipelines.ensembles import ensemble_costs, ensemble_rows, ensembles_of
from pipelines.errors import PipelineError
from pipelines.graphs import open_graphs
from pipelines.measuring import Found, measure
from pipelines.metrics.predictions import summaries_of
from pipelines.out_of_distribution import OUT_OF_DISTRIBUTION
from pipelines.provenance import made_with
from pipelines.results import writing_results
from pipelines.runs.collection import INDEX, listed_runs, read_missing, stage_of
from pipelines.tasks.names import EXAMPLES
from pipelines.training.known import check_unknown, read_known
from pipelines.training.planning import asked_runs
from pipelines.training.settings import read_settings
from pipelines.training.trained import Trained

RESULTS = {
    "validation": "validation.json",
    "test": "metrics.json",
    **{split: f"{split}.json" for split in OUT_OF_DISTRIBUTION},
}
PREDICTIONS = "predictions.csv"
ZOOS = "zoos.json"
FILES = (*RESULTS.values(), PREDICTIONS, EXAMPLES, ZOOS)


def evaluate(
    train: str | Path,
    graphs: str | Path,
    out: str | Path,
    params: str | Path | None = None,
    replace: bool = False,
    device: str = CPU,
    workers: int | None = None,
    scheduler: str | None = None,
    trained_on: str | Path | None = None,
) -> dict[str, Any]:
    """Evaluate the runs that were trained last on the held-out networks of their graph set.

        metrics = evaluate("out/train", "out/graphs", "out/evaluate", params="params.yaml")

    With `params`, they are just the runs that these settings ask for, by the code that is there
    now. Writes `predictions.csv`, `validation.json`, `metrics.json` (test networks) and, where
    there are such networks, `wider.json` and `unseen.json`: the scores of the task, mean and
    standard deviation over seeds, with intervals over networks and seeds and the differences to the
    best model; and `examples.safetensors` where the task has examples to show, of each model's
    first seed.
    Ensembles that `params` names (`ensembles`) are rows beside the models that they are made of.
    Where networks say of which zoo they are, `zoos.json` has the scores of each zoo apart.
    `results.json` says of which runs and graph set they are. What each model cost is beside them,
    in `cost.json`. Gives the scores of the test networks.

    With `trained_on`, the graph set that they were trained on, `graphs` may be another one, such as
    of another data set: its networks held out are then what the runs are measured on, once none of
    them is found among the networks that a run was trained with.

    Runs are shared out to `workers` processes (by default as many as are worth their start), or to
    a Dask `scheduler`, whose workers have to see both folders; the numbers are the same.

    Raises `PipelineError` for runs of several settings, codes or tasks, or on another graph set,
    for networks that a run knows, for a graph set without networks to test on, and, with `params`,
    where runs are missing; `GraphError` for results that are there already, unless `replace`.
    """
    graph_set = open_graphs(graphs)
    home = graph_set if trained_on is None else open_graphs(trained_on)
    check_tests(graph_set)
    found = found_runs(Path(train), home)
    runs = found if params is None else asked_for(found, Path(train), params, home.folder)
    ensembles = {} if params is None else ensembles_of(read_settings(params))
    for run in runs if home.hash != graph_set.hash else ():
        known = read_known(run.folder, run.trained.about["run"])
        check_unknown(known, str(graphs), graph_set.hash, str(run.folder))
    with writing_results(Path(out), FILES, replace) as new:
        rows, measured, examples, seconds = measure(runs, graph_set, device, workers, scheduler)
        joined = ensemble_rows(rows, ensembles)
        rows += joined
        for split, scored in measured.items():
            seen = {(r["model"], r["seed"]): None for r in joined if r["split"] == split}
            scored += [{"model": model, "seed": seed} for model, seed in seen]
        new.add(PREDICTIONS, lambda path: write_bytes(path, table(rows)))
        if examples:
            new.add(EXAMPLES, lambda path: write_safetensors(path, examples))
        scores = {split: summaries_of(rows, split, own) for split, own in measured.items()}
        for split, file in RESULTS.items():
            if measured[split] or split not in OUT_OF_DISTRIBUTION:
                new.add(file, partial(write_json, data=scores[split]))
        if apart := zoos_apart(rows):
            new.add(ZOOS, partial(write_json, data=apart))
        about = {
            "graph_set": graph_set.hash,
            "trained_on": home.hash,
            "code": runs[0].trained.about["code"],
            "runs": {run.folder_name: run.trained.about["run"] for run in runs},
            "asked": {run.folder_name: run.trained.about["asked"] for run in runs},
            "left_out": sorted(run.folder_name for run in found if run not in runs),
            "missing": missing_runs(Path(train)),
            "made_with": made_with(),
        }
        sealed = new.commit({"of": about, "parts": new.parts})
        spent = costs(runs, seconds)
        write_costs(Path(out), sealed["hash"], {**spent, **ensemble_costs(spent, ensembles)})
    return scores["test"]


def check_tests(graph_set: GraphSet) -> None:
    """Raise `PipelineError` for a graph set without a network to test on."""
    splits = {record["split"] for record in graph_set.records}
    if not splits & {"test", *OUT_OF_DISTRIBUTION}:
        raise PipelineError(
            f"{graph_set.folder}: holds no network out for tests, only those of the splits "
            f"{', '.join(sorted(splits))}; compile it with a share of `test`"
        )


def zoos_apart(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Give the scores of each zoo's networks by split; nothing where networks say of no zoo."""
    zoos = dict.fromkeys(row["zoo"] for row in rows if "zoo" in row)
    return {
        zoo: {
            split: summaries_of(own, split)
            for split in RESULTS
            if (own := [row for row in rows if row["zoo"] == zoo and row["split"] == split])
        }
        for zoo in zoos
    }


def costs(
    runs: Sequence[Found], seconds: Sequence[Mapping[str, float]]
) -> dict[str, dict[str, Any]]:
    """Say what each model cost, given the processor seconds that each run was measured by."""
    models: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(run.name for run in runs):
        own = [(run, spent) for run, spent in zip(runs, seconds, strict=True) if run.name == name]
        pairs = [(run.folder, run.trained) for run, _ in own]
        models[name] = cost_of(pairs, [spent for _, spent in own])
    return models


def found_runs(train: Path, graph_set: GraphSet) -> list[Found]:
    """Read the runs that stages made last, all of one piece; `PipelineError` if they are not."""
    runs = []
    for folder in trained_folders(train):
        for name, (path, identity) in listed_runs(folder).items():
            runs.append(run := Found(path, Trained.load(path)))
            if run.folder_name != name or run.trained.about["run"] != identity:
                raise PipelineError(
                    f"{path}: holds another run than {folder / INDEX} says; run `gmn train` again"
                )
    if not runs:
        raise PipelineError(f"{train}: no finished training run in this folder; run `gmn train`")
    for run in runs:
        trained_on = run.trained.about["trained_on"]["graph_set"]
        if trained_on != graph_set.hash:
            raise PipelineError(
                f"{run.folder}: trained on the graph set {trained_on[:16]}, but {graph_set.folder} "
                f"is {graph_set.hash[:16]}, whose test networks it may have been trained on; run "
                "`gmn train` on it, or name the graph set of the run as --trained-on, where those "
                "of another are to be predicted"
            )
    check_one(runs, "task", lambda run: dict(run.trained.task))
    check_one(runs, "code or versions", lambda run: run.trained.about["code"])
    places: dict[tuple[str, int], Path] = {}
    for run in runs:
        key = run.name, run.seed
        if key in places:
            raise PipelineError(
                f"{train}: two runs of the model {run.name!r} with seed {run.seed}: "
                f"{places[key]}, {run.folder}; remove one"
            )
        places[key] = run.folder
    for name in dict.fromkeys(run.name for run in runs):
        own = [run for run in runs if run.name == name]
        check_one(own, f"settings of {name!r}", lambda run: run.trained.about["recipe"])
    return runs


def missing_runs(train: Path) -> list[str]:
    """List what the settings asked for and was not trained to the end, for it diverged."""
    listed = [set(read_missing(folder)) for folder in trained_folders(train)]
    there = {name for folder in trained_folders(train) for name in listed_runs(folder)}
    return sorted(set().union(*listed) - there)


def trained_folders(train: Path) -> list[Path]:
    """List the folders of runs that `gmn train` made, below a folder."""
    found = sorted(path.parent for path in train.rglob(INDEX))
    return [folder for folder in found if stage_of(folder) == "train"]


def asked_for(
    runs: Sequence[Found], train: Path, params: str | Path, graphs: str | Path
) -> list[Found]:
    """Keep the runs that settings ask for; `PipelineError` where one is missing, or another."""
    found = {run.folder_name: run for run in runs}
    asked = asked_runs(params, graphs)
    if missing := sorted(asked.keys() - found.keys()):
        raise PipelineError(
            f"{train}: {params} asks for {', '.join(missing)}, not trained yet; run `gmn train`"
        )
    other = [n for n, identity in asked.items() if found[n].trained.about["asked"] != identity]
    if other:
        raise PipelineError(
            f"{train}: {', '.join(sorted(other))}: trained by other settings than those of "
            f"{params} now, or by other code or versions; run `gmn train` again"
        )
    return [run for run in runs if run.folder_name in asked]


def check_one(runs: Sequence[Found], what: str, key: Callable[[Found], Any]) -> None:
    """Raise `PipelineError` for runs that do not all have one and the same."""
    first = runs[0]
    for run in runs[1:]:
        if key(run) != key(first):
            raise PipelineError(
                f"{first.folder} and {run.folder} are of two kinds of {what}, whose numbers do not "
                "belong into one table; train them again by `gmn train`, or give each a folder"
            )


def table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Give rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
