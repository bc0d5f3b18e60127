"""`gmn zoo`: train a population of networks."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.crew import scheduler_option
from pipelines.commands.inputs import SETTINGS


@command(examples=("gmn zoo params.yaml --out out/zoo",))
@click.argument("settings", type=SETTINGS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The zoo's folder.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes; default: all cores, or one for each device.",
)
@scheduler_option
@click.option(
    "--device",
    metavar="NAME",
    help="Train many networks at once on a device: auto (all GPUs; one by one where there are "
    "none), cuda (all GPUs), cuda:1, mps, or cpu.",
)
@click.option(
    "--stack",
    type=click.IntRange(min=1),
    help="Networks trained at once on a device; default: 256.",
)
@click.option(
    "--replace", is_flag=True, help="Remove from the folder a zoo that was made otherwise."
)
def zoo(
    settings: Path,
    out: Path,
    workers: int | None,
    scheduler: str | None,
    device: str | None,
    stack: int | None,
    replace: bool,
) -> Document:
    """Train the networks that SETTINGS (YAML) describes, or read those of a published set.

    It goes on where a stopped run left off.
    """
    from pipelines.zoo import generate

    index = generate(settings, out, workers, replace, scheduler, device, stack)
    networks = index["networks"]
    diverged = sum(network["status"] == "diverged" for network in networks)
    click.echo(
        f"{out}: {len(networks)} networks of {len(index['architectures'])} architectures, "
        f"{diverged} diverged, hash {index['hash'][:16]}"
    )
    return {
        "out": out,
        "hash": index["hash"],
        "networks": len(networks),
        "architectures": len(index["architectures"]),
        "diverged": diverged,
    }
