"""`gmn fit`: a predictor of accuracy with intervals, from graph sets."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.inputs import SETTINGS
from pipelines.commands.outputs import replace_option


@command(examples=("gmn fit params.yaml --out out/predictor --scores out/metrics.json",))
@click.argument("settings", type=SETTINGS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the model.")
@click.option("--scores", type=click.Path(path_type=Path), help="Also write the scores (JSON).")
@replace_option
def fit(settings: Path, out: Path, scores: Path | None, replace: bool) -> Document:
    """Fit a predictor of accuracy on the graph sets that SETTINGS (YAML) names, and measure it.

    It says how sure it is, and of which networks it knows nothing; `gmn predict` and
    `metanet.load` take its folder.
    """
    from pipelines.accuracy.fit import fit as execute

    predictor = execute(settings, out, scores, replace)
    click.echo(f"{out}: {predictor}")
    return {"out": out, "scores": scores, "networks": predictor.networks}
