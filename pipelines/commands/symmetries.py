"""`gmn symmetries`: which permutation acts on which axis of which parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import ARCHITECTURE
from pipelines.commands.networks import architecture_of
from pipelines.commands.variables import variables_option


@command(examples=("gmn symmetries net.yaml",))
@click.argument("net", type=ARCHITECTURE)
@click.option("--scalings", is_flag=True, help="Print the sign and scale symmetries too.")
@variables_option
def symmetries(net: Path, scalings: bool, variables: dict[str, Any]) -> Document:
    """Print the symmetries of a network NET (YAML, or a model): their number, and a table."""
    import graphgen
    from graphgen.symmetry.big_numbers import logarithm, product_in_words

    architecture = architecture_of(net, variables)
    group = graphgen.symmetries(architecture)
    click.echo(str(group))
    counts = group.derivation.counts()
    document: dict[str, Any] = {
        "architecture": architecture.hash,
        "permutations": product_in_words(*counts),
        "log10_permutations": round(logarithm(*counts), 3),
        "statements": list(group.statements),
    }
    if scalings:
        factors = graphgen.scalings(architecture)
        click.echo(str(factors))
        document |= {"signs": factors.signs, "scales": factors.scales}
    return document
