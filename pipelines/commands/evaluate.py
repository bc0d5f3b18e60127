"""`gmn evaluate`: score trained metanets on held-out networks."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.inputs import GRAPHS, RUNS


@click.command()
@click.argument("train", type=RUNS)
@click.argument("graphs", type=GRAPHS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of results.")
def evaluate(train: Path, graphs: Path, out: Path) -> None:
    """Evaluate the runs in TRAIN on the held-out networks of the graph set GRAPHS."""
    from pipelines.evaluation import evaluate as execute
    from pipelines.metrics import table

    click.echo(table(execute(train, graphs, out)))
