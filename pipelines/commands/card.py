"""`gmn card`: describe a zoo on one page."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("zoo", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A Markdown file.")
@click.option(
    "--params", type=click.Path(path_type=Path), default=Path("params.yaml"), show_default=True
)
def card(zoo: Path, out: Path, params: Path) -> None:
    """Write the dataset card of a finished ZOO, which the settings PARAMS make."""
    from pipelines.zoo.card import write_card

    click.echo(f"card: {write_card(zoo, out, f'gmn zoo {params} --out {zoo}')}")
