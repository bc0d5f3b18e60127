"""`gmn match`: networks aligned with another of their architecture."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from pipelines.commands.command import Document, command
from pipelines.commands.crew import crew_options
from pipelines.commands.inputs import ARCHITECTURE, WEIGHTS
from pipelines.commands.networks import is_model
from pipelines.commands.outputs import replace_option
from pipelines.commands.variables import variables_option


@command(examples=("gmn match net.yaml a.safetensors b.safetensors --out b-aligned.safetensors",))
@click.argument("net", type=ARCHITECTURE)
@click.argument("target", type=WEIGHTS)
@click.argument("weights", type=WEIGHTS, nargs=-1)
@click.option("--permutations-only", is_flag=True, help="Change no signs and scales of neurons.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="File for the aligned weights; of several networks, a folder that is there.",
)
@crew_options
@replace_option
@variables_option
def match(
    net: Path,
    target: Path,
    weights: tuple[Path, ...],
    permutations_only: bool,
    out: Path,
    workers: int | None,
    scheduler: str | None,
    replace: bool,
    variables: dict[str, Any],
) -> Document:
    """Permute the neurons of WEIGHTS so that they come close to TARGET; all are networks of NET.

    NET is an architecture (YAML) or a model; of a model, TARGET may be left out, its own weights.
    Signs and scales of neurons change too where that leaves the function as it is. The aligned
    network, written to --out as WEIGHTS is written, computes what WEIGHTS computes. Several
    WEIGHTS are aligned side by side, each with TARGET, and written by their names.
    """
    from pipelines.matching import align, places_for

    reference: Path | None = target
    if not weights:
        if not is_model(net):
            raise click.UsageError("an architecture in YAML needs TARGET and WEIGHTS")
        reference, weights = None, (target,)
    places = places_for(weights, out)
    found = align(net, reference, places, variables, permutations_only, replace, workers, scheduler)
    for one in found:
        bound = f", at least {one.lower_bound:.4g} in any case" if one.lower_bound else ""
        click.echo(
            f"{one.out}: {one.how}, distance {one.distance:.4g} to {reference or net}, "
            f"{one.before:.4g} before{bound}"
        )
    return {"target": reference or net, "aligned": [asdict(one) for one in found]}
