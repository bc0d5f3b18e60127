"""`gmn canonical`: one form, and a hash, for networks that symmetries carry into one another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import ARCHITECTURE, WEIGHTS
from pipelines.commands.networks import network_of
from pipelines.commands.outputs import replace_option
from pipelines.commands.variables import variables_option


@command(
    examples=(
        "gmn canonical net.yaml a.safetensors b.safetensors",
        "gmn canonical net.yaml a.safetensors --out form.safetensors",
    )
)
@click.argument("net", type=ARCHITECTURE)
@click.argument("weights", type=WEIGHTS, nargs=-1)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write the weights in canonical form to this file; of one network.",
)
@replace_option
@variables_option
def canonical(
    net: Path,
    weights: tuple[Path, ...],
    out: Path | None,
    replace: bool,
    variables: dict[str, Any],
) -> Document:
    """Print a hash of networks of NET (YAML, or a model) by their WEIGHTS, which a model has.

    Copies have the same one: networks whose units lie in another order, or that other exact
    symmetries carry into one another. Where a form is not decided there is none, and why is told.
    """
    import graphgen
    from graphgen.errors import concerning
    from graphgen.files import claim_file

    if out is not None:
        if len(weights) > 1:
            raise click.UsageError(f"--out is for one network, got {len(weights)}")
        claim_file(out, replace)
    rows: list[dict[str, Any]] = []
    for file in weights or (None,):
        architecture, checkpoint, place = network_of(net, file, variables)
        with concerning(place):
            form = graphgen.canonical(architecture, checkpoint.weights)
        rows.append(
            {
                "file": str(place),
                "hash": None if form.undecided else form.hash,
                "undecided": list(form.undecided),
                "margin": form.margin,
                "clear": form.clear,
            }
        )
        click.echo(f"{rows[-1]['hash'] or 'undecided':64}  {place}")
        for why in form.undecided:
            click.echo(f"  {why}")
        if out is not None:
            checkpoint.write(out, form.weights, replace)
    return {"architecture": architecture.hash, "networks": rows, "out": out and str(out)}
