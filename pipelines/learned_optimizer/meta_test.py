"""The meta-test stage: learned optimizers against tuned SGD and Adam, on tasks new to them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from graphgen.files import claim_file, write_bytes, write_json
from metanet import LearnedOptimizer
from pipelines.devices import CPU, device_of
from pipelines.errors import PipelineError
from pipelines.learned_optimizer.comparison import (
    ADAM,
    CONSTANT,
    ELSEWHERE,
    HERE,
    Outcome,
    markdown,
    networks,
    summary,
)
from pipelines.learned_optimizer.inner_training import POINTS, HandDesigned, train_learned
from pipelines.learned_optimizer.meta_train import planned
from pipelines.learned_optimizer.report import write_report
from pipelines.learned_optimizer.run import OPTIMIZER, MetaRun, load_optimizer
from pipelines.learned_optimizer.settings import Settings, TaskFamily, read_settings
from pipelines.learned_optimizer.tasks import InnerTasks
from pipelines.learned_optimizer.tuning import best, fastest, grid, try_all
from pipelines.progress import progress
from pipelines.provenance import code_of, made_with
from pipelines.results import writing_results
from pipelines.runs.collection import INDEX, listed_runs
from pipelines.runs.result import read_result

METRICS, CURVES, TABLE = "metrics.json", "curves.csv", "table.md"
NETWORKS = "predictions.csv"
FILES = (METRICS, CURVES, TABLE, NETWORKS)
_TUNING, _TESTING = 1, 2


def meta_test(
    settings_file: str | Path,
    optimizers: str | Path,
    out: str | Path,
    report: str | Path | None = None,
    replace: bool = False,
    device: str = CPU,
) -> dict[str, Any]:
    """Test all learned optimizers of the settings on every one of the `test_tasks`.

        metrics = meta_test("params.yaml", "out/optimizers", "results")

    All optimizers train the same networks from the same starts on the same batches. SGD with
    momentum and Adam come twice: with settings chosen on meta-training tasks, and with those that
    are best on the test tasks themselves. Writes `metrics.json`, `curves.csv`, `table.md` and
    `predictions.csv`, what each network came to, for `gmn compare`; `results.json` says of which
    runs they are. An HTML `report` is written if its file is named.
    Gives the metrics.

    Raises `PipelineError` where runs of these settings, by the code that is there now, are missing
    from those that were made last; `GraphError` for results or a report that are there already,
    unless `replace`.
    """
    place = device_of(device)
    settings = read_settings(settings_file)
    if report is not None:
        claim_file(report, replace)
    runs = planned(settings, Path(optimizers))
    learned = made_last(runs, Path(optimizers))
    with writing_results(Path(out), FILES, replace) as new:
        outcomes = tested(settings, learned, place)
        metrics = summary(outcomes)
        new.add(METRICS, lambda path: write_json(path, metrics))
        new.add(CURVES, lambda path: write_bytes(path, curves(outcomes).encode()))
        new.add(TABLE, lambda path: write_bytes(path, markdown(metrics).encode()))
        new.add(NETWORKS, lambda path: write_bytes(path, networks(outcomes).encode()))
        about = {
            "runs": {run.folder_name: run.hash for run in runs},
            "settings": dict(settings.values),
            "tasks": {name: family.plain() for name, family in settings.test_tasks.items()},
            "code": code_of(__name__),
            "made_with": made_with(),
        }
        new.commit({"of": about, "parts": new.parts})
    if report is not None:
        write_report(report, metrics, outcomes, settings.values)
    return metrics


Learned = list[tuple[str, int, LearnedOptimizer]]


def made_last(runs: Sequence[MetaRun], folder: Path) -> Learned:
    """Read the results of runs; `PipelineError` for those that are not what was made last."""
    listed = listed_runs(folder)
    learned = []
    for run in runs:
        path, identity = listed.get(run.folder_name, (run.folder, ""))
        if identity != run.hash:
            raise PipelineError(
                f"{path}: no finished run of these settings and this code; run `gmn meta-train` "
                "first"
            )
        about = read_result(path, OPTIMIZER).settings
        if about["run"] != identity:
            raise PipelineError(
                f"{path}: holds another run than {folder / INDEX} says; run `gmn meta-train` again"
            )
        learned.append((run.name, run.seed, load_optimizer(path)))
    return learned


def tested(settings: Settings, learned: Learned, device: torch.device) -> list[Outcome]:
    """Train the networks of all test tasks by all optimizers."""
    for _, _, optimizer in learned:
        optimizer.to(device)
    evaluation = settings.values["evaluation"]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        chosen = tuned_elsewhere(settings, device)
        outcomes: list[Outcome] = []
        total = len(settings.test_tasks) * (len(learned) + len(chosen))
        with progress("meta-test", "optimizer", total) as bar:
            for place, (name, family) in enumerate(settings.test_tasks.items()):
                tasks = drawn(settings, [family], evaluation["unrolls"], [_TESTING, place], device)
                for word, elsewhere in chosen.items():
                    outcomes += by_hand(settings, name, word, elsewhere, tasks)
                    bar.update()
                for model, seed, optimizer in learned:
                    trained = [
                        train_learned(optimizer, each, *measured_by(settings)) for each in tasks
                    ]
                    outcomes.append(Outcome(name, model, tuple(trained), seed))
                    bar.update()
    finally:
        torch.set_num_threads(threads)
    return outcomes


def measured_by(settings: Settings) -> tuple[int, int]:
    """Say on how many images, and at how many steps, trainings are measured."""
    evaluation = settings.values["evaluation"]
    return evaluation["images"], evaluation.get("points", POINTS)


def drawn(
    settings: Settings,
    families: Sequence[TaskFamily],
    unrolls: int,
    seed: Sequence[int],
    device: torch.device,
) -> list[InnerTasks]:
    """Draw inner tasks, of as many architectures as there are `unrolls`, at the longest horizon."""
    networks = settings.values["evaluation"]["networks"]
    turns = [families[number % len(families)] for number in range(unrolls)]
    return [
        InnerTasks(family, networks, family.longest, [*seed, number], device)
        for number, family in enumerate(turns)
    ]


def tuned_elsewhere(settings: Settings, device: torch.device) -> dict[str, HandDesigned]:
    """Choose the settings of SGD and Adam on inner tasks as in meta-training."""
    baselines, (images, _) = settings.values["baselines"], measured_by(settings)
    tasks = drawn(settings, settings.training_tasks, baselines["unrolls"], [_TUNING], device)
    return {
        optimizer: best(try_all(grid(baselines, optimizer), tasks, images, 1))
        for optimizer in baselines["learning_rates"]
    }


def by_hand(
    settings: Settings,
    place: str,
    optimizer: str,
    elsewhere: HandDesigned,
    tasks: Sequence[InnerTasks],
) -> list[Outcome]:
    """Measure an optimizer on test tasks: as chosen elsewhere, and as best here.

    Adam comes also with the constant rate that gets lowest at any step.
    """
    choices = grid(settings.values["baselines"], optimizer)
    measured = try_all(choices, tasks, *measured_by(settings))
    found = {ELSEWHERE: elsewhere, HERE: best(measured)}
    constant = fastest(measured, "constant")
    if optimizer == ADAM and constant is not None:
        found[CONSTANT] = constant
    return [
        Outcome(place, f"{optimizer}, {how}", tuple(measured[choice]), None, choice, how)
        for how, choice in found.items()
    ]


def curves(outcomes: Sequence[Outcome]) -> str:
    """Write the loss before each step, averaged over networks, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["tasks", "optimizer", "seed", "step", "loss"])
    for outcome in outcomes:
        seed = "" if outcome.seed is None else outcome.seed
        for step, loss in enumerate(outcome.curve()):
            writer.writerow([outcome.tasks, outcome.optimizer, seed, step, f"{loss:.6g}"])
    return text.getvalue()
