"""`gmn edit`: what a trained editor makes of somebody's network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.inputs import ARCHITECTURE, RUN, WEIGHTS
from pipelines.commands.outputs import replace_option
from pipelines.commands.variables import variables_option

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("run", type=RUN)
@click.argument("net", type=ARCHITECTURE)
@click.argument("weights", type=WEIGHTS)
@click.option("--out", type=FILE, required=True, help="For the edited weights.")
@replace_option
@variables_option
def edit(
    run: Path, net: Path, weights: Path, out: Path, replace: bool, variables: dict[str, Any]
) -> None:
    """Edit WEIGHTS, a network of the architecture NET, by the training run RUN.

    They are written as WEIGHTS are: by the same names, in the same layouts. An ensemble of k
    members gives k networks, whose outputs are to be averaged: OUT is then a folder, with
    0.safetensors, 1.safetensors and so on.
    """
    import graphgen
    import spec
    from graphgen.errors import concerning
    from pipelines.runs.restore import applying
    from pipelines.training.editor import Editor

    editor = Editor.load(run)
    architecture = spec.load(net, **variables)
    checkpoint = graphgen.Checkpoint.read(architecture, weights)
    graph = graphgen.compile(architecture, checkpoint.weights)
    with concerning(weights):
        graph.check_values()
    with applying(f"{run}, for {weights}"):
        written = editor.write(graph, out, replace, checkpoint)
    for path in written:
        click.echo(f"{path}: {editor.trained.task['edit']} of {weights}")
