"""The meta-train stage: every learned optimizer of the settings, with every seed."""

from __future__ import annotations

from pathlib import Path

from graphgen.files import exclusive
from pipelines.errors import PipelineError
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
        run.make()
    out.mkdir(parents=True, exist_ok=True)
    with exclusive(out):
        execute(runs, workers, label="meta-train")
    return runs


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
