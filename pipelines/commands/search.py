"""`gmn search`: choose a metanet's open settings."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.crew import scheduler_option
from pipelines.commands.device import device_option
from pipelines.commands.inputs import GRAPHS, SETTINGS
from pipelines.commands.names import models
from pipelines.commands.outputs import log_option, replace_option


@command(examples=("gmn search out/graphs --out out/search",))
@click.argument("graphs", type=GRAPHS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of searches.")
@click.option("--params", type=SETTINGS, default=Path("params.yaml"), show_default=True)
@click.option("--model", shell_complete=models, help="Search for this model of the settings only.")
@click.option("--networks", type=int, help="Search with this number of training networks only.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes; default: all cores.")
@device_option
@scheduler_option
@log_option
@replace_option
def search(
    graphs: Path,
    out: Path,
    params: Path,
    model: str | None,
    networks: int | None,
    workers: int | None,
    scheduler: str | None,
    device: str,
    log: Path | None,
    replace: bool,
) -> Document:
    """Choose what the settings leave open (their ranges), by trials scored on validation networks.

    The graph set GRAPHS gives training and validation networks; `gmn train --search` uses the
    choice.
    """
    from pipelines.metrics import LABELS, judged
    from pipelines.runs.preload import TRAINING
    from pipelines.workers import begin_server

    if scheduler is None:
        begin_server(TRAINING)  # which imports while this process does
    from pipelines.training import search as execute

    found = execute(params, graphs, out, workers, model, networks, replace, scheduler, device, log)
    chosen = {}
    for label, result in found.items():
        best = result["trials"][result["chosen"]]
        values = ", ".join(f"{name} {value}" for name, value in best["values"].items())
        name = judged(best)[0]
        score = f"{LABELS[name]} {best[name]:.3f}"
        click.echo(f"{label}: {score} with {values or 'nothing open'}")
        chosen[label] = {
            "trials": len(result["trials"]),
            "values": best["values"],
            "score": {name: best[name]},
        }
    return {"out": out, "chosen": chosen}
