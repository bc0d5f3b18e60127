"""`gmn symmetries`: which permutation acts on which axis of which parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.inputs import ARCHITECTURE
from pipelines.commands.networks import architecture_of
from pipelines.commands.variables import variables_option


@click.command()
@click.argument("net", type=ARCHITECTURE)
@click.option("--scalings", is_flag=True, help="Print the sign and scale symmetries too.")
@variables_option
def symmetries(net: Path, scalings: bool, variables: dict[str, Any]) -> None:
    """Print the symmetries of a network NET (YAML, or a model): their number, and a table."""
    import graphgen

    architecture = architecture_of(net, variables)
    click.echo(str(graphgen.symmetries(architecture)))
    if scalings:
        click.echo(str(graphgen.scalings(architecture)))
