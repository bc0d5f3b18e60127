"""`gmn edit`: what a trained editor makes of somebody's network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.inputs import ARCHITECTURE, RUN, WEIGHTS
from pipelines.commands.variables import variables_option

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("run", type=RUN)
@click.argument("net", type=ARCHITECTURE)
@click.argument("weights", type=WEIGHTS)
@click.option("--out", type=FILE, required=True, help="File for the edited weights.")
@variables_option
def edit(run: Path, net: Path, weights: Path, out: Path, variables: dict[str, Any]) -> None:
    """Edit WEIGHTS, a network of the architecture NET, by the training run RUN.

    An ensemble of k members gives k networks, whose outputs are to be averaged: they are written to
    OUT with .0, .1 and so on before its suffix.
    """
    import graphgen
    import spec
    from graphgen.errors import concerning
    from graphgen.files import write_weights
    from pipelines.training.editor import Editor

    editor = Editor.load(run)
    graph = graphgen.compile(spec.load(net, **variables), weights)
    with concerning(weights):
        graph.check_values()
    members = editor.edit([graph])
    for number, (edited,) in enumerate(members):
        path = out.with_suffix(f".{number}{out.suffix}") if len(members) > 1 else out
        write_weights(path, edited.weights())
        click.echo(f"{path}: {editor.trained.task['edit']} of {weights}")
