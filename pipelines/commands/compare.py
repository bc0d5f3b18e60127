"""`gmn compare`: what a part of a system buys, over many tasks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import KNOWN, SETTINGS
from pipelines.commands.outputs import replace_option


@command(examples=("gmn compare tasks.yaml --out out/pairs",))
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
def compare(tasks: Path, out: Path, known: Path | None, replace: bool) -> Document:
    """Compare pairs of systems on all TASKS, with and without a part of them.

    TASKS (YAML) says where their results are; what cannot be compared is listed, and why.
    """
    from pipelines.pairs import compare_pairs
    from pipelines.pairs.table import lines

    rows, missing = compare_pairs(tasks, out, replace, known)
    click.echo("\n".join(lines(rows, missing)))
    return {
        "out": out,
        "pairs": [row.plain() for row in rows],
        "missing": [asdict(gap) for gap in missing],
    }
