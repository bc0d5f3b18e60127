"""`gmn code`: which code stages run."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command


@command(examples=("gmn code zoo train --out out/code",))
@click.argument("commands", nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the files.")
def code(commands: tuple[str, ...], out: Path) -> Document:
    """Write which code COMMANDS run: a file for each in --out, with a hash.

    It changes only where a change of the code can change what the command makes: stages of
    `dvc.yaml` depend on it.
    """
    from pipelines.stage_code import write_code

    hashes = write_code(commands, out)
    for name, found in hashes.items():
        click.echo(f"{out / name}: {found[:16]}")
    return {"out": out, "hashes": hashes}
