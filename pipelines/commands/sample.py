"""`gmn sample`: draw networks from flows."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.device import device_option
from pipelines.commands.inputs import RUNS, SETTINGS
from pipelines.commands.outputs import replace_option


@command(examples=("gmn sample out/flows --out out/samples",))
@click.argument("flows", type=RUNS)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder of the graph sets."
)
@click.option("--params", type=SETTINGS, default=Path("params.yaml"), show_default=True)
@device_option
@replace_option
def sample(flows: Path, out: Path, params: Path, device: str, replace: bool) -> Document:
    """Draw networks from each flow in the folder FLOWS, or from one, and from the baselines."""
    from pipelines.generation import sample as draw

    sets = []
    for name, graphs in draw(params, flows, out, replace, device).items():
        failed = len(graphs.index["about"]["failed"])
        click.echo(f"{out / name}: {len(graphs)} networks, {failed} failed")
        sets.append({"folder": out / name, "networks": len(graphs), "failed": failed})
    return {"out": out, "sets": sets}
