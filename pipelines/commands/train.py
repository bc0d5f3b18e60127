"""`gmn train`: train metanets on a graph set."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.crew import scheduler_option
from pipelines.commands.device import device_option
from pipelines.commands.inputs import GRAPHS, SEARCHES, SETTINGS
from pipelines.commands.names import models
from pipelines.commands.outputs import log_option, replace_option


@command(examples=("gmn train out/graphs --out out/train",))
@click.argument("graphs", type=GRAPHS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the runs.")
@click.option("--params", type=SETTINGS, default=Path("params.yaml"), show_default=True)
@click.option("--model", shell_complete=models, help="Train this model of the settings only.")
@click.option("--networks", type=int, help="Train on this number of networks of the settings only.")
@click.option("--search", type=SEARCHES, help="Folder of `gmn search`.")
@click.option("--workers", type=click.IntRange(min=1), help="Runs at once; default: all cores.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    help="Processes that share the batches of a run; more than one: one run after the other.",
)
@device_option
@scheduler_option
@log_option
@replace_option
def train(
    graphs: Path,
    out: Path,
    params: Path,
    model: str | None,
    networks: int | None,
    search: Path | None,
    workers: int | None,
    processes: int,
    scheduler: str | None,
    device: str,
    log: Path | None,
    replace: bool,
) -> Document:
    """Train every model of the settings, with every seed, on the graph set GRAPHS.

    Runs that are there with the same settings are kept, stopped ones go on where they were.
    """
    from pipelines.runs.preload import TRAINING
    from pipelines.workers import begin_server

    if scheduler is None and processes == 1:
        begin_server(TRAINING)  # which imports while this process does
    from pipelines.training import train as execute

    runs = execute(
        *(params, graphs, out, workers, model, networks, search, processes, replace),
        scheduler=scheduler,
        device=device,
        log=log,
    )
    click.echo(f"{out}: {', '.join(run.folder.name for run in runs)}")
    return {"out": out, "runs": [run.folder for run in runs]}
