"""The meta-train stage: every learned optimizer of the settings, with every seed."""

from __future__ import annotations

from pathlib import Path

import torch

import graphgen
from metanet.batch import float_offsets
from metanet.errors import MetanetError
from pipelines.devices import CPU, shared_devices
from pipelines.errors import PipelineError
from pipelines.learned_optimizer.run import MetaRun
from pipelines.learned_optimizer.settings import Settings, read_settings
from pipelines.provenance import maker_of
from pipelines.runs.collection import collecting, commit
from pipelines.runs.processes import execute


def meta_train(
    settings_file: str | Path,
    out: str | Path,
    workers: int | None = None,
    only: str | None = None,
    replace: bool = False,
    device: str = CPU,
    log: str | Path | None = None,
    scheduler: str | None = None,
) -> list[MetaRun]:
    """Meta-train all learned optimizers of the settings, one process for each at work.

        runs = meta_train("params.yaml", "out/optimizers")

    Finished runs of the same settings and code are kept, stopped ones go on from their last epoch.
    Those of others are refused, or, with `replace`, stay whole until all new ones are there. `only`
    names one model. Runs are spread over the devices that `device` stands for
    (`pipelines.devices.devices_of`), one process each, and write their numbers as they come to the
    folder `log`. A run that learned nothing does not stop the others: it is named at the end, by a
    `PipelineError`. The workers of a Dask `scheduler` have to see the folder `out`. Gives the runs.
    """
    devices, out = shared_devices(device, scheduler), Path(out)
    settings = read_settings(settings_file)
    models = settings.values["models"]
    if only is not None and only not in models:
        raise PipelineError(
            f"{settings_file}: no model {only!r}; the models are: {', '.join(models)}"
        )
    every = planned(settings, out)
    runs = [run for run in every if only in (None, run.name)]
    for run in runs:
        if run.seed == settings.values["seeds"][0]:
            check(run, settings)
    with collecting(out, runs, replace) as new:
        try:
            execute(
                runs, workers, label="meta-train", devices=devices, log=log, scheduler=scheduler
            )
        except PipelineError:
            if any(run.finished() for run in runs):
                commit(new, every, replace)
            raise
        commit(new, every, replace)
    return runs


def check(run: MetaRun, settings: Settings) -> None:
    """Let an optimizer take a step on all tasks; `PipelineError` if it takes not all of them."""
    optimizer = run.make()
    families = [("training_tasks", one) for one in settings.training_tasks]
    for name, family in [*families, *settings.test_tasks.items()]:
        for corner in family.family.corners():
            template = graphgen.template(family.family.expand(corner))
            values = torch.ones(1, sum(size for _, size in float_offsets(template).values()))
            try:
                with torch.no_grad():
                    optimizer(template, values, values, optimizer.first(values, 1))
            except MetanetError as error:
                raise PipelineError(
                    f"models.{run.name}: the editor {run.model['editor']!r} does not take the "
                    f"networks of {name!r}: {error}"
                ) from None


def planned(settings: Settings, out: Path) -> list[MetaRun]:
    """List the runs that the settings ask for."""
    values, code = settings.values, maker_of(MetaRun.__module__)
    return [
        MetaRun(
            name,
            seed,
            {key: value for key, value in model.items() if key != "meta_training"},
            model.get("meta_training", values["meta_training"]),
            [family.plain() for family in settings.training_tasks],
            out,
            code,
        )
        for name, model in values["models"].items()
        for seed in values["seeds"]
    ]
