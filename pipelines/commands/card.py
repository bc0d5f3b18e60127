"""`gmn card`: describe a zoo on one page."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import SETTINGS, ZOO


@command(examples=("gmn card out/zoo --out card.md",))
@click.argument("zoo", type=ZOO)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A Markdown file.")
@click.option("--params", type=SETTINGS, default=Path("params.yaml"), show_default=True)
@click.option("--replace", is_flag=True, help="Write over the file that --out names.")
def card(zoo: Path, out: Path, params: Path, replace: bool) -> Document:
    """Write the dataset card of a finished ZOO, which the settings PARAMS make."""
    from pipelines.cards import card as write_card
    from pipelines.zoo.reading import open_zoo

    write_card(zoo, out, settings=str(params), replace=replace)
    click.echo(f"card: {out}")
    return {"card": out, "zoo": zoo, "hash": open_zoo(zoo)["hash"]}
