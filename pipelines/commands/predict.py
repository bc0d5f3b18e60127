"""`gmn predict`: what a trained metanet says of somebody's network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.command import Document, command
from pipelines.commands.crew import crew_options
from pipelines.commands.device import device_option
from pipelines.commands.inputs import ARCHITECTURE, RUN, WEIGHTS
from pipelines.commands.networks import network_of
from pipelines.commands.outputs import replace_option
from pipelines.commands.variables import variables_option


@command(examples=("gmn predict out/train/gmn-seed0 net.yaml weights.safetensors",))
@click.argument("run", type=RUN)
@click.argument("net", type=ARCHITECTURE)
@click.argument("weights", type=WEIGHTS, nargs=-1)
@click.option("--out", type=click.Path(path_type=Path), help="Also write a table (CSV), of a set.")
@device_option
@crew_options
@replace_option
@variables_option
def predict(
    run: Path,
    net: Path,
    weights: tuple[Path, ...],
    out: Path | None,
    device: str,
    workers: int | None,
    scheduler: str | None,
    replace: bool,
    variables: dict[str, Any],
) -> Document:
    """Predict with the training run RUN for networks of the architecture NET with WEIGHTS.

    NET is YAML or a model, whose own weights are taken where no others are given; or it is the
    folder of a graph set or of a zoo, and the networks are all of these.
    """
    import graphgen
    from graphgen.errors import concerning
    from graphgen.files import claim_file
    from pipelines.prediction import is_population, predict_files, predict_over
    from pipelines.runs.restore import applying
    from pipelines.training.predictor import Predictor

    if not weights and is_population(net):
        if out is not None:
            claim_file(out, replace)
        found = predict_over(run, net, workers, scheduler, device)
        if out is None:
            for record, words in zip(found.records, found.words, strict=True):
                click.echo(f"{net}, network {record['network']}: {words}")
        else:
            found.write(out)
            click.echo(f"{out}: {len(found.words)} networks of {net}")
        return {
            "run": run,
            "out": out,
            "predictions": [
                {"network": record["network"], "predicted": answer, "says": words}
                for record, answer, words in zip(
                    found.records, found.answers, found.words, strict=True
                )
            ],
        }
    if out is not None:
        raise click.UsageError("--out is for a graph set or a zoo; leave it out")
    predictor = Predictor.load(run, device)
    if weights:
        described = predict_files(run, net, weights, variables, workers, scheduler, device)
    else:
        architecture, checkpoint, place = network_of(net, None, variables)
        graph, weights = graphgen.compile(architecture, checkpoint.weights), (place,)
        with concerning(place):
            graph.check_values()
        with applying(f"{run}, for {place}"):
            described = predictor.describe([graph])
    for path, words in zip(weights, described, strict=True):
        click.echo(f"{path}: {words}")
    said = zip(weights, described, strict=True)
    return {"run": run, "predictions": [{"network": path, "says": words} for path, words in said]}
