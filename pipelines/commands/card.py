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
    from pipelines.inrs.card import is_inr_zoo
    from pipelines.inrs.card import write_card as write_inr_card
    from pipelines.published.card import is_published
    from pipelines.published.card import write_card as write_published_card
    from pipelines.zoo.card import write_card
    from pipelines.zoo.reading import open_zoo

    index = open_zoo(zoo)
    published = is_published(index)
    encoding = is_inr_zoo(index) and not published
    command = f"gmn {'inrs' if encoding else 'zoo'} {params} --out {zoo}"
    write = write_published_card if published else write_inr_card if encoding else write_card
    written = write(zoo, out, command, replace)
    click.echo(f"card: {written}")
    return {"card": written, "zoo": zoo, "hash": index["hash"]}
