"""`gmn meta-train`: meta-train learned optimizers."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.crew import scheduler_option
from pipelines.commands.device import device_option
from pipelines.commands.inputs import SETTINGS
from pipelines.commands.names import models
from pipelines.commands.outputs import log_option, replace_option


@command("meta-train", examples=("gmn meta-train params.yaml --out out/optimizers",))
@click.argument("params", type=SETTINGS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the runs.")
@click.option("--model", shell_complete=models, help="Meta-train this model of the settings only.")
@click.option("--workers", type=click.IntRange(min=1), help="Runs at once; default: all cores.")
@scheduler_option
@device_option
@log_option
@replace_option
def meta_train(
    params: Path,
    out: Path,
    model: str | None,
    workers: int | None,
    scheduler: str | None,
    device: str,
    log: Path | None,
    replace: bool,
) -> Document:
    """Meta-train every learned optimizer of the settings PARAMS, with every seed."""
    from pipelines.learned_optimizer import meta_train as execute

    runs = execute(params, out, workers, model, replace, device, log, scheduler)
    click.echo(f"{out}: {', '.join(run.folder.name for run in runs)}")
    return {"out": out, "runs": [run.folder for run in runs]}
