"""`gmn new`: a small experiment of one's own, to start from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    r"""Write a small experiment into a new FOLDER, with all that `dvc repro` needs.

    \b
    Example:
        gmn new demo && cd demo && dvc repro
    """
    from pipelines.starter import start_experiment

    place = start_experiment(folder)
    click.echo(f"{place}: an experiment; now: cd {place} && dvc repro")
