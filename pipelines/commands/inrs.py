"""`gmn inrs`: fit a population of implicit neural representations."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.device import recorded_device_option
from pipelines.commands.inputs import SETTINGS


@command(examples=("gmn inrs params.yaml --out out/inrs",))
@click.argument("settings", type=SETTINGS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The zoo's folder.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes; default: all cores, or one for each GPU.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Work on a Dask cluster, as tcp://10.0.0.1:8786; `local` starts one on this machine.",
)
@click.option(
    "--replace", is_flag=True, help="Remove from the folder a zoo that was made otherwise."
)
@recorded_device_option
def inrs(
    settings: Path,
    out: Path,
    workers: int | None,
    scheduler: str | None,
    replace: bool,
    device: str,
) -> Document:
    """Fit networks to the signals in SETTINGS (YAML); go on where a stopped run left off."""
    from pipelines.inrs import generate
    from pipelines.inrs.card import mean_psnr

    index = generate(settings, out, workers, replace, scheduler, device)
    networks = index["networks"]
    diverged = sum(network["status"] == "diverged" for network in networks)
    click.echo(
        f"{out}: {len(networks)} networks, {diverged} diverged, {mean_psnr(networks)}, "
        f"hash {index['hash'][:16]}"
    )
    return {
        "out": out,
        "hash": index["hash"],
        "networks": len(networks),
        "diverged": diverged,
        "fit": mean_psnr(networks),
    }
