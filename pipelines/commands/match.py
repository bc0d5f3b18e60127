"""`gmn match`: one network aligned with another of its architecture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.inputs import ARCHITECTURE, WEIGHTS
from pipelines.commands.networks import read
from pipelines.commands.outputs import replace_option
from pipelines.commands.variables import variables_option


@click.command()
@click.argument("net", type=ARCHITECTURE)
@click.argument("target", type=WEIGHTS)
@click.argument("weights", type=WEIGHTS, required=False)
@click.option("--permutations-only", is_flag=True, help="Change no signs and scales of neurons.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="File for the aligned weights."
)
@replace_option
@variables_option
def match(
    net: Path,
    target: Path,
    weights: Path | None,
    permutations_only: bool,
    out: Path,
    replace: bool,
    variables: dict[str, Any],
) -> None:
    """Permute the neurons of WEIGHTS so that they come close to TARGET; both are networks of NET.

    NET is an architecture (YAML) or a model; of a model, TARGET may be left out, its own weights.
    Signs and scales of neurons change too where that leaves the function as it is. The aligned
    network, written to --out as WEIGHTS is written, computes what WEIGHTS computes.
    """
    import numpy as np

    import graphgen
    from graphgen.files import claim_file

    claim_file(out, replace)
    architecture, own = read(net, variables)
    given: Any = target
    if weights is None:
        if own is None:
            raise click.UsageError("an architecture in YAML needs TARGET and WEIGHTS")
        given, target, weights = own, net, target
    theirs = graphgen.Checkpoint.read(architecture, given).weights
    checkpoint = graphgen.Checkpoint.read(architecture, weights)
    ours = checkpoint.weights
    free = not permutations_only
    # By their paths, so that what is wrong in one of them is told of that one.
    found = graphgen.match(architecture, given, weights, signs=free, scales=free)
    aligned = found.apply(ours)
    names = architecture.parameters

    def distance(arrays: Any) -> float:
        squares = (np.square(arrays[n].astype(float) - theirs[n].astype(float)) for n in names)
        return float(np.sqrt(sum(square.sum() for square in squares)))

    checkpoint.write(out, aligned, replace)
    bound = f", at least {found.lower_bound:.4g} in any case" if found.lower_bound else ""
    click.echo(
        f"{out}: {found.how}, distance {distance(aligned):.4g} to {target}, "
        f"{distance(ours):.4g} before{bound}"
    )
