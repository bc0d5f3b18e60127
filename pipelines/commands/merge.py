"""`gmn merge`: trained networks of one architecture made one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import ARCHITECTURE, ARRAYS, SETTINGS, WEIGHTS
from pipelines.commands.networks import architecture_of
from pipelines.commands.outputs import replace_option
from pipelines.commands.variables import variables_option

MAPS = {"none": None, "orthogonal": "orthogonal", "invertible": "invertible"}


@command(
    examples=(
        "gmn merge net.yaml a.safetensors b.safetensors --out middle.safetensors",
        "gmn merge net.yaml a.safetensors big.safetensors --net big.yaml --out both.safetensors",
        "gmn merge net.yaml --recipe recipe.yaml --out merged.safetensors",
    )
)
@click.argument("net", type=ARCHITECTURE)
@click.argument("weights", type=WEIGHTS, nargs=-1)
@click.option(
    "--net",
    "other_nets",
    type=ARCHITECTURE,
    multiple=True,
    help="Architecture of each network after the first, in turn, if they differ in width.",
)
@click.option("--recipe", type=SETTINGS, help="A recipe of mergekit, instead of WEIGHTS.")
@click.option(
    "--method",
    type=click.Choice(["linear", "slerp", "task_arithmetic", "ties"]),
    default="linear",
    show_default=True,
    help="How: a mean, along an arc from the first, or what the others learned beyond the first, "
    "all of it or where they agree.",
)
@click.option(
    "--share",
    "shares",
    type=float,
    multiple=True,
    help="Weight of each network in turn; of slerp, how far to go. [default: all alike]",
)
@click.option(
    "--density",
    type=float,
    help="Of ties: the share of each tensor's changes that is kept. [default: 0.2]",
)
@click.option(
    "--aligned/--as-they-lie",
    "align",
    default=None,
    help="Whether to align them first. [default: aligned, but not by a recipe]",
)
@click.option(
    "--maps",
    type=click.Choice([*MAPS]),
    default="orthogonal",
    show_default=True,
    help="How units may be mixed that are linear, as between queries and keys.",
)
@click.option("--streams", is_flag=True, help="Rotate residual streams too; folds norms.")
@click.option(
    "--inputs",
    type=ARRAYS,
    multiple=True,
    help="Inputs (.npy), one file each, on which to renormalise statistics.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option(
    "--write-recipe",
    type=click.Path(path_type=Path),
    help="Also write the recipe, as mergekit reads it.",
)
@replace_option
@variables_option
def merge(
    net: Path,
    weights: tuple[Path, ...],
    other_nets: tuple[Path, ...],
    recipe: Path | None,
    method: str,
    shares: tuple[float, ...],
    density: float | None,
    align: bool | None,
    maps: str,
    streams: bool,
    inputs: tuple[Path, ...],
    out: Path,
    write_recipe: Path | None,
    replace: bool,
    variables: dict[str, Any],
) -> Document:
    """Merge trained networks of NET, whose WEIGHTS are given, into one.

    They are brought into the frame of the first, as by `graphgen.align`, so that units that do the
    same are merged with one another. The result is written as the first is, or as the first of the
    widest, if widths differ.
    """
    from graphgen.files.npy import read_npy
    from pipelines.merging.merge import merge_networks
    from pipelines.merging.recipe import Recipe, read_recipe

    if (recipe is None) == (not weights):
        raise click.UsageError("expected WEIGHTS of two networks or more, or --recipe")
    if density is not None and (recipe is not None or method != "ties"):
        raise click.UsageError("--density is of --method ties")
    if recipe is not None:
        found = read_recipe(recipe)
    else:
        files = [str(file) for file in weights]
        first, others = files[0], files[1:]
        based = method != "linear"
        number = 1 if method == "slerp" else len(others if based else files)
        if method == "slerp" and len(others) != 1:
            raise click.UsageError(f"slerp is of two networks, got {len(files)}")
        given = shares or (0.5 if method == "slerp" else 1.0,) * number
        if len(given) != number:
            raise click.UsageError(f"expected --share {number} times, got {len(given)}")
        kept = (0.2 if density is None else density,) * number if method == "ties" else None
        found = Recipe(
            method,
            tuple(others if based else files),
            given,
            first if based else None,
            densities=kept,
        )
    first_net = architecture_of(net, variables)
    if other_nets and len(other_nets) != len(found.names) - 1:
        raise click.UsageError(
            f"expected --net for each of the {len(found.names) - 1} networks after the first, got "
            f"{len(other_nets)}"
        )
    nets = [first_net, *(architecture_of(other, {}) for other in other_nets)]
    architecture = nets if other_nets else first_net
    arrays = [read_npy(file) for file in inputs] or None
    aligned = recipe is None if align is None else align
    done = merge_networks(architecture, found, out, aligned, MAPS[maps], streams, arrays, replace)
    if write_recipe is not None:
        found.write(write_recipe, replace)
    for name, before, after in zip(done.networks[1:], done.before[1:], done.after[1:], strict=True):
        moved = f", {before:.4g} before it was aligned" if aligned else ""
        click.echo(f"{name}: distance {after:.4g} to {done.networks[0]}{moved}")
    click.echo(f"{out}: {done.method} of {len(done.networks)} networks")
    return asdict(done)
