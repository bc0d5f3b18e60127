"""`gmn quality`: measure generated networks against real ones."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import GRAPHS, SAMPLES, SETTINGS
from pipelines.commands.outputs import replace_option


@command(examples=("gmn quality out/samples out/graphs --out out/quality",))
@click.argument("samples", type=SAMPLES)
@click.argument("graphs", type=GRAPHS)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder of numbers and pictures."
)
@click.option("--params", type=SETTINGS, default=Path("params.yaml"), show_default=True)
@click.option("--report", type=click.Path(path_type=Path), help="Write a report to this HTML file.")
@replace_option
def quality(
    samples: Path, graphs: Path, out: Path, params: Path, report: Path | None, replace: bool
) -> Document:
    """Measure the sets of networks in SAMPLES against the real ones of the graph set GRAPHS."""
    from pipelines.generation import quality as measure

    found = measure(params, samples, graphs, out, report, replace)
    for name, measures in found["systems"].items():
        values = ", ".join(f"{key} {value['mean']:.4g}" for key, value in measures.items())
        click.echo(f"{name}: {values}")
    return {"out": out, "report": report, **found}
