"""`gmn predict`: what a predictor says of somebody's network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.commands.command import Document, command
from pipelines.commands.crew import crew_options
from pipelines.commands.device import device_option
from pipelines.commands.inputs import ARCHITECTURE, RUN, WEIGHTS, Input
from pipelines.commands.networks import network_of
from pipelines.commands.outputs import replace_option
from pipelines.commands.variables import variables_option

PATH = Input("a network, its weights, or the folder of a predictor", file=True, folder=True)
NETWORKS = ".yaml", ".yml", ".onnx", ".pt2"
"""How files of a network end; what is none, and is before one, is taken for the folder of a run."""


@command(
    examples=(
        "gmn predict net.yaml weights.safetensors",
        "gmn predict model.onnx",
        "gmn predict out/train/gmn-seed0 net.yaml weights.safetensors",
    )
)
@click.argument("paths", type=PATH, nargs=-1, required=True, metavar="[RUN] NET [WEIGHTS]...")
@click.option("--out", type=click.Path(path_type=Path), help="Also write a table (CSV), of a set.")
@device_option
@crew_options
@replace_option
@variables_option
def predict(
    paths: tuple[Path, ...],
    out: Path | None,
    device: str,
    workers: int | None,
    scheduler: str | None,
    replace: bool,
    variables: dict[str, Any],
) -> Document:
    """Predict for networks of the architecture NET with WEIGHTS.

    NET is YAML or a model, whose own weights are taken where no others are given; or it is the
    folder of a graph set or of a zoo, and the networks are all of these.

    The predictor that comes with the package says how accurate a classifier of images is, between
    which bounds nine of ten such networks are, and whether it knows networks like it. RUN is the
    folder of another one: of `gmn fit`, or a run of `gmn train`, which predicts its own target.
    """
    run, net, weights = split(paths)
    if run is None or is_predictor(run):
        if out is not None:
            raise click.UsageError("--out is for a run of `gmn train`; leave it out")
        return say_answers(run, net, weights, variables)
    return say_predictions(run, net, weights, variables, out, device, workers, scheduler, replace)


def is_reference(path: Path) -> bool:
    """Say whether a path that is not there is the name of a reference network."""
    from spec.reference import names

    return not path.exists() and str(path) in (*names(), *names(published=True))


def split(paths: tuple[Path, ...]) -> tuple[Path | None, Path, tuple[Path, ...]]:
    """Tell a run from the network behind it; None where the network comes first."""
    first = paths[0]
    network = first.is_file() or first.suffix in NETWORKS or is_reference(first)
    run = not network and is_run(first)
    if not run and len(paths) > 1 and not network:
        run = paths[1].suffix in NETWORKS or not first.exists()
    if not run:
        return None, checked(ARCHITECTURE, first), tuple(checked(WEIGHTS, p) for p in paths[1:])
    if len(paths) < 2:
        raise click.UsageError(f"{first} is a run; name a network behind it: NET [WEIGHTS]...")
    net, *weights = paths[1:]
    return (
        checked(RUN, first),
        checked(ARCHITECTURE, net),
        tuple(checked(WEIGHTS, path) for path in weights),
    )


def is_run(folder: Path) -> bool:
    """Say whether a folder is that of a run of training, or of a predictor."""
    from pipelines.runs.collection import INDEX  # which needs PyTorch, and seconds
    from pipelines.runs.result import SETTINGS

    return (folder / SETTINGS).is_file() or (folder.parent / INDEX).is_file()


def checked(kind: Input, path: Path) -> Path:
    """Give a path that is what it is to be."""
    return kind.convert(path, None, None)


def is_predictor(folder: Path) -> bool:
    """Say whether a folder holds a saved model, and no run of training."""
    from graphgen.errors import GraphError
    from graphgen.files.document import peek
    from metanet.saved.folder import SAVED, SETTINGS

    try:
        found = peek(folder / SETTINGS)
    except GraphError:
        return False
    return isinstance(found, dict) and found.get("format") == SAVED.format


def say_answers(
    model: Path | None, net: Path, weights: tuple[Path, ...], variables: dict[str, Any]
) -> Document:
    """Print what a predictor of accuracy says of each network."""
    from pipelines.accuracy.answers import BOXED, answers

    rows = []
    for place, answer in answers(net, weights, variables, model or BOXED):
        click.echo(f"{place}: {answer}")
        rows.append({"network": place, "says": str(answer), **answer.plain()})
    return {"run": model or BOXED, "predictions": rows}


def say_predictions(
    run: Path,
    net: Path,
    weights: tuple[Path, ...],
    variables: dict[str, Any],
    out: Path | None,
    device: str,
    workers: int | None,
    scheduler: str | None,
    replace: bool,
) -> Document:
    """Print what the metanet of a training run predicts for each network."""
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
