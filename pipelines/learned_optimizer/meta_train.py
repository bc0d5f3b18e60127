"""The meta-train stage: every learned optimizer of the settings, with every seed."""

from __future__ import annotations

from pathlib import Path

import torch

import graphgen
from graphgen.files import exclusive
from metanet.batch import float_offsets
from metanet.errors import MetanetError
from pipelines.errors import PipelineError
from pipelines.learned_optimizer.features import State
from pipelines.learned_optimizer.run import MetaRun
from pipelines.learned_optimizer.settings import Settings, read_settings
from pipelines.training.processes import execute


def meta_train(
    settings_file: str | Path,
    out: str | Path,
    workers: int | None = None,
    only: str | None = None,
) -> list[MetaRun]:
    """Meta-train all learned optimizers of the settings, one process for each at work.

        runs = meta_train("params.yaml", "out/optimizers")

    Finished runs of the same settings are kept, stopped ones go on from their last epoch. `only`
    names one model. Gives the runs.
    """
    out = Path(out)
    settings = read_settings(settings_file)
    models = settings.values["models"]
    if only is not None and only not in models:
        raise PipelineError(
            f"{settings_file}: no model {only!r}; the models are: {', '.join(models)}"
        )
    runs = [run for run in planned(settings, out) if only in (None, run.name)]
    for run in runs:
        if run.seed == settings.values["seeds"][0]:
            check(run, settings)
    out.mkdir(parents=True, exist_ok=True)
    with exclusive(out):
        execute(runs, workers, label="meta-train")
    return runs


def check(run: MetaRun, settings: Settings) -> None:
    """Let an optimizer take a step on all tasks; `PipelineError` if it takes not all of them."""
    optimizer = run.make()
    families = {"training_tasks": settings.training_tasks, **settings.test_tasks}
    for name, family in families.items():
        for corner in family.family.corners():
            template = graphgen.template(family.family.expand(corner))
            values = torch.ones(1, sum(size for _, size in float_offsets(template).values()))
            try:
                with torch.no_grad():
                    optimizer(template, values, values, State.first(values, 1))
            except MetanetError as error:
                raise PipelineError(
                    f"models.{run.name}: the editor {run.model['editor']!r} does not take the "
                    f"networks of {name!r}: {error}"
                ) from None


def planned(settings: Settings, out: Path) -> list[MetaRun]:
    """List the runs that the settings ask for."""
    values = settings.values
    return [
        MetaRun(
            name,
            seed,
            {key: value for key, value in model.items() if key != "meta_training"},
            model.get("meta_training", values["meta_training"]),
            settings.training_tasks.plain(),
            values["horizon"],
            out,
        )
        for name, model in values["models"].items()
        for seed in values["seeds"]
    ]
