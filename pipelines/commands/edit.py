"""`gmn edit`: what a trained editor makes of somebody's network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.command import Document, command
from pipelines.commands.device import device_option
from pipelines.commands.inputs import ARCHITECTURE, RUN, WEIGHTS
from pipelines.commands.networks import network_of
from pipelines.commands.outputs import replace_option
from pipelines.commands.variables import variables_option

FILE = click.Path(path_type=Path)


@command(
    examples=(
        "gmn edit out/train/gmn-seed0 siren.yaml weights.safetensors --out edited.safetensors",
    )
)
@click.argument("run", type=RUN)
@click.argument("net", type=ARCHITECTURE)
@click.argument("weights", type=WEIGHTS, required=False)
@click.option("--out", type=FILE, required=True, help="For the edited weights.")
@device_option
@replace_option
@variables_option
def edit(
    run: Path,
    net: Path,
    weights: Path | None,
    out: Path,
    device: str,
    replace: bool,
    variables: dict[str, Any],
) -> Document:
    """Edit WEIGHTS, a network of the architecture NET, by the training run RUN.

    NET is YAML, or a model with weights of its own. They are written as WEIGHTS are: by the same
    names, in the same layouts. An ensemble of k members gives k networks, whose outputs are to be
    averaged: OUT is then a folder, with 0.safetensors, 1.safetensors and so on.
    """
    import graphgen
    from graphgen.errors import concerning
    from pipelines.runs.restore import applying
    from pipelines.training.editor import Editor

    editor = Editor.load(run, device)
    architecture, checkpoint, place = network_of(net, weights, variables)
    graph = graphgen.compile(architecture, checkpoint.weights)
    with concerning(place):
        graph.check_values()
    with applying(f"{run}, for {place}"):
        written = editor.write(graph, out, replace, checkpoint)
    task = editor.trained.task["edit"]
    for path in written:
        click.echo(f"{path}: {task} of {place}")
    return {"network": place, "edit": task, "written": written}
