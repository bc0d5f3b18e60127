"""`gmn flow`: train flows that generate networks."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.crew import scheduler_option
from pipelines.commands.device import device_option
from pipelines.commands.inputs import GRAPHS, SETTINGS
from pipelines.commands.names import models
from pipelines.commands.outputs import log_option, replace_option


@command(examples=("gmn flow out/graphs --out out/flows",))
@click.argument("graphs", type=GRAPHS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the runs.")
@click.option("--params", type=SETTINGS, default=Path("params.yaml"), show_default=True)
@click.option("--model", shell_complete=models, help="Train this model of the settings only.")
@click.option("--workers", type=click.IntRange(min=1), help="Runs at once; default: all cores.")
@scheduler_option
@device_option
@log_option
@replace_option
def flow(
    graphs: Path,
    out: Path,
    params: Path,
    model: str | None,
    workers: int | None,
    scheduler: str | None,
    device: str,
    log: Path | None,
    replace: bool,
) -> Document:
    """Train every flow of the settings, with every seed, on the INRs of the graph set GRAPHS."""
    from pipelines.generation import train

    runs = train(params, graphs, out, workers, model, replace, device, log, scheduler)
    click.echo(f"{out}: {', '.join(run.folder.name for run in runs)}")
    return {"out": out, "runs": [run.folder for run in runs]}
