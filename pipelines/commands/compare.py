"""`gmn compare`: what a part of a system buys, over many tasks."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.inputs import KNOWN, SETTINGS
from pipelines.commands.outputs import replace_option


@click.command()
@click.argument("tasks", type=SETTINGS)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder of the table and figure."
)
@click.option(
    "--known",
    type=KNOWN,
    help="pairs.json of an earlier comparison: keep what it has of tasks without results here.",
)
@replace_option
def compare(tasks: Path, out: Path, known: Path | None, replace: bool) -> None:
    """Compare pairs of systems on all TASKS, with and without a part of them.

    TASKS (YAML) says where their results are; what cannot be compared is listed, and why.
    """
    from pipelines.pairs import compare_pairs
    from pipelines.pairs.table import lines

    click.echo("\n".join(lines(*compare_pairs(tasks, out, replace, known))))
