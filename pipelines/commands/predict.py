"""`gmn predict`: what a trained metanet says of somebody's network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.inputs import ARCHITECTURE, RUN, WEIGHTS
from pipelines.commands.networks import architecture_of, network_of
from pipelines.commands.variables import variables_option


@click.command()
@click.argument("run", type=RUN)
@click.argument("net", type=ARCHITECTURE)
@click.argument("weights", type=WEIGHTS, nargs=-1)
@variables_option
def predict(run: Path, net: Path, weights: tuple[Path, ...], variables: dict[str, Any]) -> None:
    """Predict with the training run RUN for networks of the architecture NET with WEIGHTS.

    NET is YAML or a model, whose own weights are taken where no others are given.
    """
    import graphgen
    from graphgen.errors import concerning
    from pipelines.runs.restore import applying
    from pipelines.training.predictor import Predictor

    predictor = Predictor.load(run)
    if weights:
        architecture = architecture_of(net, variables)
        graphs = [graphgen.compile(architecture, path) for path in weights]
    else:
        architecture, checkpoint, place = network_of(net, None, variables)
        graphs, weights = [graphgen.compile(architecture, checkpoint.weights)], (place,)
    for path, graph in zip(weights, graphs, strict=True):
        with concerning(path):
            graph.check_values()
    with applying(f"{run}, for {', '.join(map(str, weights))}"):
        described = predictor.describe(graphs)
    for path, words in zip(weights, described, strict=True):
        click.echo(f"{path}: {words}")
