"""The flow stage: every model of the settings with every seed."""

from __future__ import annotations

from pathlib import Path

from graphgen.files import exclusive
from pipelines.errors import PipelineError
from pipelines.generation.align import align
from pipelines.generation.baselines import moments_of, save_moments
from pipelines.generation.latest import write_latest
from pipelines.generation.population import read_population
from pipelines.generation.run import FlowRun, check, graphs_hash
from pipelines.generation.settings import FLOW, check_flow
from pipelines.settings import find_section
from pipelines.training.processes import execute
from spec import SpecError


def train(
    settings_file: str | Path,
    graphs: str | Path,
    out: str | Path,
    workers: int | None = None,
    only: str | None = None,
) -> list[FlowRun]:
    """Train the flows of the settings, with one thread in each of `workers` processes.

        runs = train("params.yaml", "out/graphs", "out/flow")

    Finished runs of the same settings and graph set are kept, stopped ones go on from their last
    epoch. `only` names one model. Gives the runs; their folders hold parameters and histories.
    """
    out = Path(out)
    place = find_section(settings_file, "flow", FLOW, check_flow)
    settings = place.value
    if only is not None and only not in settings["models"]:
        raise PipelineError(
            f"{settings_file}: no flow {only!r}; the models are: {', '.join(settings['models'])}"
        )
    alignment, found = settings.get("align", "none"), graphs_hash(graphs)
    planned = [
        FlowRun(name, seed, model, alignment, settings.get("condition"), Path(graphs), found, out)
        for name, model in settings["models"].items()
        for seed in settings["seeds"]
    ]
    runs = [run for run in planned if only in (None, run.name)]
    for run in runs:
        if run.seed == settings["seeds"][0]:
            check(run, place / "models" / run.name)
    if place.problems:
        raise SpecError(place.problems)
    out.mkdir(parents=True, exist_ok=True)
    with exclusive(out):
        population = align(read_population(graphs), alignment, found, out)
        save_moments(out, moments_of(population))
        write_latest(out, {run.folder.name: run.hash for run in planned})
        execute(runs, workers)
    return runs
