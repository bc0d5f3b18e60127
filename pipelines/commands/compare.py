"""`gmn compare`: what a part of a system buys, over many tasks."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.inputs import SETTINGS
from pipelines.commands.outputs import replace_option


@click.command()
@click.argument("tasks", type=SETTINGS)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder of the table and figure."
)
@replace_option
def compare(tasks: Path, out: Path, replace: bool) -> None:
    """Compare pairs of systems on all TASKS, with and without a part of them.

    TASKS (YAML) says where their results are; those that are not there yet are listed as missing.
    """
    from pipelines.pairs import compare_pairs
    from pipelines.pairs.table import lines

    click.echo("\n".join(lines(*compare_pairs(tasks, out, replace))))
