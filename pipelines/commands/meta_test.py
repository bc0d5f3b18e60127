"""`gmn meta-test`: learned optimizers against tuned SGD and Adam."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.device import device_option
from pipelines.commands.inputs import RUNS, SETTINGS
from pipelines.commands.outputs import replace_option


@command("meta-test", examples=("gmn meta-test out/optimizers --out out/results",))
@click.argument("optimizers", type=RUNS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of results.")
@click.option("--params", type=SETTINGS, default=Path("params.yaml"), show_default=True)
@click.option("--report", type=click.Path(path_type=Path), help="Write a report to this HTML file.")
@device_option
@replace_option
def meta_test(
    optimizers: Path, out: Path, params: Path, report: Path | None, device: str, replace: bool
) -> Document:
    """Test the meta-trained optimizers in OPTIMIZERS on tasks that are new to them."""
    from pipelines.learned_optimizer import meta_test as execute
    from pipelines.learned_optimizer.comparison import verdict

    found = execute(params, optimizers, out, report, replace, device)
    click.echo("\n".join(verdict(found)))
    return {"out": out, "report": report, "tasks": found}
