"""`gmn widen`: a wider network of the same function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import ARCHITECTURE, WEIGHTS
from pipelines.commands.networks import is_model, network_of
from pipelines.commands.outputs import replace_option
from pipelines.commands.surgery import files_options, only_option, parse_numbers, tell
from pipelines.commands.variables import variables_option


@command(examples=("gmn widen net.yaml weights.safetensors --times 2 --out wide.yaml",))
@click.argument("net", type=ARCHITECTURE)
@click.argument("weights", type=WEIGHTS, required=False)
@click.option(
    "--times",
    type=click.IntRange(1, 1024),
    default=1,
    help="How often each unit is there then, of all families that can or that --only names.",
)
@only_option
@click.option(
    "--to",
    multiple=True,
    callback=parse_numbers,
    metavar="FAMILY=NUMBER",
    help="So many units of a family (or those like it); which come again is drawn.",
)
@click.option(
    "--noise",
    type=click.FloatRange(0),
    default=0.0,
    help="How far the shares of a unit's copies differ, so that training takes them apart.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of what is drawn.")
@files_options
@replace_option
@variables_option
def widen(
    net: Path,
    weights: Path | None,
    times: int,
    only: tuple[str, ...],
    to: dict[str, int],
    noise: float,
    seed: int,
    out: Path,
    weights_out: Path | None,
    replace: bool,
    variables: dict[str, Any],
) -> Document:
    """Widen a network NET (YAML, or a model) with WEIGHTS, which a model has itself.

    What is written computes what NET does: units come again, and what goes out of them is shared
    among their copies. Families of which no copy leaves the function as it is are told and left.
    """
    from graphgen.errors import concerning
    from pipelines.surgery import places, widened, write

    if times == 1 and not to:
        raise click.UsageError("say what comes: --times of 2 or more, or --to")
    weights_out = places(out, weights_out, replace)
    architecture, checkpoint, _ = network_of(net, weights, variables)
    with concerning(net):
        made, changed, left = widened(
            architecture, checkpoint.weights,
            times=times, only=only, to=to, noise=noise, seed=abs(seed),
        )  # fmt: skip
    source = None if is_model(net) else net
    written = write(architecture, made, source, variables, out, weights_out, changed, left)
    return tell(written, "more")
