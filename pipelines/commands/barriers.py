"""`gmn barriers`: the loss on the line between networks from different starts."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import SETTINGS
from pipelines.commands.outputs import replace_option


@command(examples=("gmn barriers params.yaml --out out/barriers",))
@click.argument("settings", type=SETTINGS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the table.")
@replace_option
def barriers(settings: Path, out: Path, replace: bool) -> Document:
    """Train pairs of networks from different starts, and measure the loss on the line between.

    SETTINGS (YAML) says which. The line is measured as they are trained, and after they are
    aligned: by permutations, signs and scales, and by mixing what is linear in attention; with
    statistics as they are, and renormalised.
    """
    from pipelines.barriers.stage import measure_barriers, tables

    found = measure_barriers(settings, out, replace)
    for text in tables(found):
        click.echo(text)
    heights = {
        name: [{way: one["heights"] for way, one in pair["ways"].items()} for pair in pairs]
        for name, pairs in found.items()
    }
    return {"out": out, "barriers": heights}
