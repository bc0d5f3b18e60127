"""The flow stage: every model of the settings with every seed."""

from __future__ import annotations

from pathlib import Path

from pipelines.devices import CPU, shared_devices
from pipelines.errors import PipelineError
from pipelines.generation.align import align, keep_aligned
from pipelines.generation.baselines import FILE, moments_of, write_moments
from pipelines.generation.population import population_of
from pipelines.generation.run import FlowRun, check
from pipelines.generation.settings import FLOW, check_flow
from pipelines.graphs import open_graphs
from pipelines.provenance import maker_of
from pipelines.runs.collection import collecting, commit
from pipelines.runs.processes import execute
from pipelines.settings import find_section
from spec import SpecError


def train(
    settings_file: str | Path,
    graphs: str | Path,
    out: str | Path,
    workers: int | None = None,
    only: str | None = None,
    replace: bool = False,
    device: str = CPU,
    log: str | Path | None = None,
    scheduler: str | None = None,
) -> list[FlowRun]:
    """Train the flows of the settings, with one thread in each of `workers` processes.

        runs = train("params.yaml", "out/graphs", "out/flow")

    Finished runs of the same settings, code and graph set are kept, stopped ones go on from their
    last epoch. Those of others are refused, or, with `replace`, stay whole until all new ones are
    there. `only` names one model. Runs are spread over the devices that `device` stands for
    (`pipelines.devices.devices_of`), one process each, and write their numbers as they come to the
    folder `log`. A run that diverges does not stop the others: it is named at the end, by a
    `PipelineError`. The workers of a Dask `scheduler` have to see the folders `graphs` and `out`.
    Gives the runs; their folders hold parameters and histories.
    """
    devices, out = shared_devices(device, scheduler), Path(out)
    place = find_section(settings_file, "flow", FLOW, check_flow)
    settings = place.value
    if only is not None and only not in settings["models"]:
        raise PipelineError(
            f"{settings_file}: no flow {only!r}; the models are: {', '.join(settings['models'])}"
        )
    graph_set = open_graphs(graphs)
    alignment, label = settings.get("align", "none"), settings.get("condition")
    code = maker_of(FlowRun.__module__)
    planned = [
        FlowRun(name, seed, model, alignment, label, Path(graphs), graph_set.hash, out, code)
        for name, model in settings["models"].items()
        for seed in settings["seeds"]
    ]
    runs = [run for run in planned if only in (None, run.name)]
    population = population_of(graph_set)
    for run in runs:
        if run.seed == settings["seeds"][0]:
            check(run, population, place / "models" / run.name)
    if place.problems:
        raise SpecError(place.problems)
    with collecting(out, runs, replace) as new:
        population = align(population, alignment, graph_set.hash, out)
        failure = None
        try:
            execute(runs, workers, label="flow", devices=devices, log=log, scheduler=scheduler)
        except PipelineError as error:
            if not any(run.finished() for run in runs):
                raise
            failure = error
        new.add(FILE, lambda path: write_moments(path, moments_of(population)))
        keep_aligned(new, population, alignment, graph_set.hash)
        commit(new, planned, replace)
        if failure is not None:
            raise failure
    return runs
