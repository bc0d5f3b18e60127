"""The stages as functions, from objects or paths to objects; the commands do the same work.

Each takes `settings` as the path of a YAML file or as a mapping, whole or the stage's section.
`out` is a folder; without one it is temporary and is removed when Python ends, so that what is to
stay is given a place. Nothing is printed but progress, on a terminal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphgen import Graph, GraphSet
from pipelines.errors import PipelineError
from pipelines.kept import Results, Runs, Searches
from pipelines.places import Source, folder_of, place_for
from pipelines.runs.watch import Loggers, OnEpoch, Watch
from pipelines.training.predictor import Predictor
from pipelines.zoo.fields import AnySettings
from pipelines.zoo.opened import Zoo

Out: TypeAlias = str | os.PathLike[str] | None


def zoo(
    settings: AnySettings,
    out: Out = None,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str | None = None,
    stack: int | None = None,
    replace: bool = False,
    on_network: Callable[[Mapping[str, Any]], None] | None = None,
) -> Zoo:
    """Train a population of networks, or read a published set; as `gmn zoo`.

        zoo = pipelines.zoo("params.yaml", "out/zoo")
        zoo.records[0]["metrics"]["test_accuracy"]

    `on_network` is called with what is known of each network, as soon as it is made. The other
    arguments, and errors, are those of `pipelines.zoo.generate`.
    """
    from pipelines.zoo.generate import generate

    folder = place_for(out, "zoo")
    generate(settings, folder, workers, replace, scheduler, device, stack, on_network)
    return Zoo(folder)


def compile(
    zoo: Source,
    settings: AnySettings,
    out: Out = None,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    replace: bool = False,
    views_of: Source | None = None,
) -> GraphSet:
    """Compile a zoo into a graph set with splits; as `gmn compile`.

        shares = {"train": 0.6, "validation": 0.2, "test": 0.2}
        graphs = pipelines.compile(zoo, {"seed": 0, "splits": shares})

    Arguments and errors are those of `pipelines.compile.compile_zoo`.
    """
    from pipelines.compile import compile_zoo

    views = None if views_of is None else folder_of(views_of, "views_of")
    folder = folder_of(zoo, "zoo")
    return compile_zoo(
        settings, folder, place_for(out, "graphs"), replace, workers, scheduler, views
    )


def union(
    graphs: Mapping[str, Source] | AnySettings,
    out: Out = None,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    replace: bool = False,
) -> GraphSet:
    """Make one graph set of several, to train on all at once; as `gmn union`.

        both = pipelines.union({"digits": graphs, "mnist": "out/mnist/graphs"})

    `graphs` are graph sets by the name of their data set, or settings, as `pipelines.union.union`
    takes them.
    """
    from pipelines.union import union as execute
    from pipelines.union_settings import SECTION

    settings: AnySettings = graphs
    if isinstance(graphs, Mapping) and not graphs.keys() & {SECTION, "zoos"}:
        folders = {name: folder_of(each, name).resolve() for name, each in graphs.items()}
        settings = {"zoos": {name: {"graphs": str(path)} for name, path in folders.items()}}
    return execute(settings, place_for(out, "union"), replace, workers, scheduler)


def train(
    graphs: Source,
    settings: AnySettings,
    out: Out = None,
    *,
    model: str | None = None,
    networks: int | None = None,
    search: Source | None = None,
    workers: int | None = None,
    processes: int = 1,
    scheduler: str | None = None,
    device: str = "cpu",
    log: str | Path | None = None,
    replace: bool = False,
    on_epoch: OnEpoch | None = None,
    loggers: Loggers = (),
) -> Runs:
    """Train the models of the settings, with every seed; as `gmn train`.

        runs = pipelines.train(graphs, "params.yaml", on_epoch=lambda run, row: print(run, row))
        runs["gmn-seed0"].predict(graphs[:3])

    `on_epoch` is called with the name of a run and the row of its history; `loggers` are those of
    Lightning Fabric, such as a `CSVLogger`, or a function of a run's name that gives them. Where
    there are any, runs work one after the other in this process. The other arguments, and errors,
    are those of `pipelines.training.train`; `model` trains one model only.
    """
    from pipelines.training.stage import train as execute

    folder = place_for(out, "train")
    execute(
        *(settings, folder_of(graphs, "graphs"), folder, workers, model, networks),
        None if search is None else folder_of(search, "search"),
        *(processes, replace),
        scheduler=scheduler,
        device=device,
        log=log,
        watch=Watch(on_epoch, loggers),
    )
    return Runs(folder, device)


def search(
    graphs: Source,
    settings: AnySettings,
    out: Out = None,
    *,
    model: str | None = None,
    networks: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str = "cpu",
    log: str | Path | None = None,
    replace: bool = False,
) -> Searches:
    """Choose what the settings of models leave open, by short trials; as `gmn search`.

        found = pipelines.search(graphs, "params.yaml")
        runs = pipelines.train(graphs, "params.yaml", search=found)

    Arguments and errors are those of `pipelines.training.search`.
    """
    from pipelines.training.stage import search as execute

    folder = place_for(out, "search")
    found = execute(
        *(settings, folder_of(graphs, "graphs"), folder, workers, model, networks, replace),
        scheduler=scheduler,
        device=device,
        log=log,
    )
    return Searches(folder, found)


def evaluate(
    runs: Source,
    graphs: Source,
    out: Out = None,
    *,
    settings: str | Path | None = None,
    trained_on: Source | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str = "cpu",
    replace: bool = False,
) -> Results:
    """Score runs on the held-out networks of a graph set; as `gmn evaluate`.

        results = pipelines.evaluate(runs, graphs)
        results.scores["gmn"]["r2"]["mean"]
        print(results)                       # the table

    Arguments and errors are those of `pipelines.evaluation.evaluate`.
    """
    from pipelines.evaluation import evaluate as execute

    folder = place_for(out, "results")
    home = None if trained_on is None else folder_of(trained_on, "trained_on")
    train, graphs = folder_of(runs, "runs"), folder_of(graphs, "graphs")
    execute(train, graphs, folder, settings, replace, device, workers, scheduler, home)
    return Results(folder)


def predict(
    run: Predictor | Source,
    networks: Graph | Sequence[Graph] | GraphSet | Zoo | str | os.PathLike[str],
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str = "cpu",
) -> NDArray[np.float64]:
    """Say what a trained metanet predicts, (networks, ...); as `gmn predict`.

        pipelines.predict("out/train/gmn-seed0", graphs.select(split="test"))

    `networks` are graphs, a graph set or a part of one, a zoo, or the folder of either. Processes
    share the work on folders and zoos. Raises `PipelineError` for what is none of these.
    """
    from pipelines.prediction import predict_over

    if isinstance(networks, Zoo | str | os.PathLike):
        if isinstance(run, Predictor):
            raise PipelineError(
                "`run` is a Predictor, and `networks` a zoo or a path, on which processes work "
                "that read the run: give the run's folder, or graphs"
            )
        folder = folder_of(networks, "networks")
        return predict_over(folder_of(run, "run"), folder, workers, scheduler, device).answers
    model = run if isinstance(run, Predictor) else Predictor.load(folder_of(run, "run"), device)
    if isinstance(networks, GraphSet):
        return model.predict_set(networks, range(len(networks)))
    return model.predict([networks] if isinstance(networks, Graph) else networks)


def report(
    root: str | os.PathLike[str] = ".",
    settings: str | os.PathLike[str] = "params.yaml",
    *,
    zoo: Source | None = None,
    graphs: Source | None = None,
    replace: bool = False,
) -> Path:
    """Write the report of the experiment whose stages were run in a folder; as `gmn report`.

        page = pipelines.report("my-experiment", "my-experiment/params.yaml")

    `zoo` and `graphs` are those of another experiment, where they are not in its `out`. Gives the
    path of the page. Errors are those of `pipelines.experiment.write_experiment_report`.
    """
    from pipelines.experiment import write_experiment_report

    return write_experiment_report(
        os.fspath(root),
        os.fspath(settings),
        None if zoo is None else folder_of(zoo, "zoo"),
        None if graphs is None else folder_of(graphs, "graphs"),
        replace,
    )
