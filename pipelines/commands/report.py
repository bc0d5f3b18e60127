"""`gmn report`: one HTML file that shows what an experiment found."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import EXPERIMENT, GRAPHS, SETTINGS, ZOO
from pipelines.commands.outputs import replace_option

FOLDER = click.Path(path_type=Path)


@command(examples=("gmn report", "gmn report --show"))
@click.option(
    "--root", type=EXPERIMENT, default=Path(), help="The experiment's folder; default: here."
)
@click.option("--params", type=SETTINGS, default=Path("params.yaml"), show_default=True)
@click.option("--zoo", type=ZOO, help="Another experiment's zoo; default: ROOT/out/zoo.")
@click.option("--graphs", type=GRAPHS, help="Its graph set; default: ROOT/out/graphs.")
@click.option("--show", is_flag=True, help="Print the table of a written report, and its place.")
@replace_option
def report(
    root: Path, params: Path, zoo: Path | None, graphs: Path | None, show: bool, replace: bool
) -> Document:
    """Write the report of the experiment whose stages were run in ROOT."""
    from pipelines.experiment import REPORT, RESULTS, show_results, write_experiment_report

    if show:
        click.echo(show_results(root))
        return {"report": root / REPORT, "results": root / RESULTS}
    written = write_experiment_report(root, params, zoo, graphs, replace)
    click.echo(f"report: {written}")
    return {"report": written, "results": root / RESULTS}
