"""`gmn new`: a small experiment of one's own, to start from."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command


@command(examples=("gmn new demo && cd demo && dvc repro",))
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> Document:
    """Write a small experiment into a new FOLDER, with all that `dvc repro` needs."""
    from pipelines.extras import is_installed, to_install
    from pipelines.starter import start_experiment

    place = start_experiment(folder)
    click.echo(f"{place}: an experiment; now: cd {place} && dvc repro")
    click.echo(f"{place / 'README.md'} says what is in it, and what to do then")
    if not is_installed("dvc"):
        click.echo(f"dvc is not installed here: {to_install('dvc')}")
    return {"folder": place}
