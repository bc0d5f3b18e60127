"""`gmn units`: which neurons belong together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import ARCHITECTURE
from pipelines.commands.networks import architecture_of
from pipelines.commands.variables import variables_option

if TYPE_CHECKING:
    from graphgen.units.branches import Branch, Branches
    from graphgen.units.families import Family, Unit


@command(examples=("gmn units net.yaml", 'gmn units net.yaml --unit "0/neuron[2]"'))
@click.argument("net", type=ARCHITECTURE)
@click.option(
    "--unit", "names", multiple=True, metavar="UNIT", help="Print the slices of one unit, too."
)
@variables_option
def units(net: Path, names: tuple[str, ...], variables: dict[str, Any]) -> Document:
    """Print the units of a network NET (YAML, or a model): what can leave it only together.

    A row is a family of units that may stand for one another, with how many there are and how
    many parameters leave with one. Below is what stays, and why.
    """
    import graphgen

    architecture = architecture_of(net, variables)
    found = graphgen.units(architecture)
    shown = [found.unit(name) for name in names]
    click.echo(str(found))
    for unit in shown:
        click.echo(f"{unit.name}: {unit.parameters:,} parameters")
        for own in unit.slices:
            click.echo(f"  {own}")
    return {
        "architecture": architecture.hash,
        "families": [family_document(each) for each in found.families.values()],
        "branches": [family_document(each) for each in found.branches.values()],
        "stays": [
            {"tensor": own.tensor, "axis": own.axis, "size": own.size, "why": list(own.why)}
            for own in found.held
        ],
        "units": [unit_document(unit) for unit in shown],
    }


def family_document(family: Family | Branches) -> dict[str, Any]:
    """Say of a family what a document has of it."""
    return {
        "name": family.name,
        "kind": family.kind,
        "size": family.size,
        "copies": list(family.copies),
        "parameters": family.parameters,
        "tensors": list(family.tensors),
        "together": list(family.together),
    }


def unit_document(unit: Unit | Branch) -> dict[str, Any]:
    """Say of a unit what a document has of it: its slices."""
    return {
        "name": unit.name,
        "parameters": unit.parameters,
        "slices": [
            {
                "tensor": own.tensor,
                "axis": own.axis,
                "indices": own.indices.tolist(),
                "within": [[axis, at.tolist()] for axis, at in own.within],
            }
            for own in unit.slices
        ],
    }
