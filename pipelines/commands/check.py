"""`gmn check`: is this description, with these weights, in order?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.inputs import ARCHITECTURE, WEIGHTS
from pipelines.commands.variables import variables_option


@click.command()
@click.argument("net", type=ARCHITECTURE)
@click.argument("weights", type=WEIGHTS, required=False)
@click.option("--values", is_flag=True, help="Read the weights and refuse NaN and infinity.")
@click.option("--resolved", is_flag=True, help="Print the resolved form as YAML.")
@variables_option
def check(
    net: Path, weights: Path | None, values: bool, resolved: bool, variables: dict[str, Any]
) -> None:
    """Check an architecture NET (YAML), and WEIGHTS (a file or folder) against it."""
    import yaml

    import spec

    architecture = spec.load(net, **variables)
    if resolved:
        text = yaml.safe_dump(architecture.resolved(), sort_keys=False, default_flow_style=None)
        click.echo(text, nl=False)
    else:
        click.echo(str(architecture))
        click.echo(f"hash {architecture.hash}")
    if values and weights is None:
        raise click.UsageError("--values needs WEIGHTS to look at")
    if weights is not None:
        import graphgen
        from graphgen.errors import concerning

        checkpoint = graphgen.Checkpoint.read(architecture, weights)
        graph = graphgen.compile(architecture, checkpoint.weights)
        with concerning(weights):
            graph.verify()
            if values:
                graph.check_values()
        click.echo(f"{weights}: fits, {checkpoint}")
