"""`gmn prune`: a smaller network, without the units that matter least."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import ARCHITECTURE, WEIGHTS
from pipelines.commands.networks import is_model, network_of
from pipelines.commands.outputs import replace_option
from pipelines.commands.surgery import files_options, only_option, parse_numbers, tell
from pipelines.commands.variables import variables_option


@command(
    examples=(
        "gmn prune net.yaml weights.safetensors --fraction 0.5 --out half.yaml",
        "gmn prune net.yaml weights.safetensors --keep 0/neuron=1 --out small.yaml",
    )
)
@click.argument("net", type=ARCHITECTURE)
@click.argument("weights", type=WEIGHTS, required=False)
@click.option(
    "--fraction",
    type=click.FloatRange(0, 1, max_open=True),
    help="Leave out this share of each family of units, those of the lowest scores.",
)
@only_option
@click.option(
    "--keep",
    multiple=True,
    callback=parse_numbers,
    metavar="FAMILY=NUMBER",
    help="Leave so many units in a family (or those like it), those of the highest scores.",
)
@click.option("--drop", multiple=True, metavar="UNIT", help="Leave out a unit: '1/neuron[3]'.")
@click.option(
    "--score",
    default="magnitude",
    show_default=True,
    metavar="magnitude|FILE",
    help="What the lowest of go: the size of a unit, or your scores by family (.npz, ...).",
)
@click.option(
    "--gradients",
    type=WEIGHTS,
    help="File of gradients of a loss, as WEIGHTS: what it would change by goes first.",
)
@files_options
@replace_option
@variables_option
def prune(
    net: Path,
    weights: Path | None,
    fraction: float | None,
    only: tuple[str, ...],
    keep: dict[str, int],
    drop: tuple[str, ...],
    score: str,
    gradients: Path | None,
    out: Path,
    weights_out: Path | None,
    replace: bool,
    variables: dict[str, Any],
) -> Document:
    """Leave units out of a network NET (YAML, or a model) with WEIGHTS, which a model has itself.

    What is written computes what NET does in which these units are zero. It is NET's own text with
    other values of its variables where these say it, else every layer with its numbers.
    """
    import graphgen
    from graphgen.errors import concerning
    from graphgen.files import read_weights
    from graphgen.finite import check_finite
    from pipelines.surgery import chosen, places, write

    if fraction is None and not keep and not drop:
        raise click.UsageError("say what goes: --fraction, --keep or --drop")
    if fraction is None and only:
        raise click.UsageError("--only says of which families --fraction is meant")
    if gradients is not None and score != "magnitude":
        raise click.UsageError("--gradients give scores, and so does --score: give one of them")
    weights_out = places(out, weights_out, replace)
    architecture, checkpoint, _ = network_of(net, weights, variables)
    own = checkpoint.weights
    slopes = None
    if gradients is not None:
        slopes = graphgen.Checkpoint.read(architecture, gradients).weights
    if score == "magnitude":
        with concerning(weights or net):
            check_finite({name: own[name] for name in architecture.parameters})
        scores: dict[str, Any] = graphgen.unit_scores(architecture, own, gradients=slopes)
    else:
        scores = dict(read_weights(score))
    found = graphgen.units(architecture)
    with concerning(net):
        gone, left = chosen(found, scores, share=fraction, only=only, keep=keep, drop=drop)
        made = graphgen.prune(architecture, own, gone)
    source = None if is_model(net) else net
    changed = dict(Counter(unit.family.name for unit in gone))
    written = write(architecture, made, source, variables, out, weights_out, changed, left)
    return tell(written, "gone")
