"""`gmn evaluate`: score trained metanets on held-out networks."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.crew import crew_options
from pipelines.commands.device import device_option
from pipelines.commands.inputs import GRAPHS, RUNS, SETTINGS
from pipelines.commands.outputs import replace_option


@command(examples=("gmn evaluate out/train out/graphs --out out/results",))
@click.argument("train", type=RUNS)
@click.argument("graphs", type=GRAPHS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of results.")
@click.option("--params", type=SETTINGS, help="Evaluate just the runs that these settings ask for.")
@click.option(
    "--trained-on",
    type=GRAPHS,
    help="The graph set that the runs were trained on, where GRAPHS is another.",
)
@device_option
@crew_options
@replace_option
def evaluate(
    train: Path,
    graphs: Path,
    out: Path,
    params: Path | None,
    trained_on: Path | None,
    device: str,
    workers: int | None,
    scheduler: str | None,
    replace: bool,
) -> Document:
    """Evaluate the runs in TRAIN on the held-out networks of the graph set GRAPHS.

    They are those that were trained last, and all on this graph set, or on that of --trained-on.
    """
    from graphgen.files.document import peek
    from graphgen.files.sealed import parts_of
    from pipelines.costs import read_costs
    from pipelines.costs import table as costs
    from pipelines.evaluation import ZOOS
    from pipelines.evaluation import evaluate as execute
    from pipelines.metrics import table
    from pipelines.results import read_results, result_file

    found = execute(train, graphs, out, params, replace, device, workers, scheduler, trained_on)
    click.echo(table(found))
    zoos = {}
    sealed = read_results(out)
    if ZOOS in parts_of(sealed):
        zoos = peek(result_file(out, ZOOS))
        for zoo, splits in zoos.items():
            click.echo(f"\n{zoo}\n{table(splits['test'])}" if "test" in splits else f"\n{zoo}")
    spent = read_costs(out, sealed["hash"])
    click.echo(f"\nprocessor time\n{costs(spent)}")
    if missing := sealed["of"]["missing"]:
        click.echo(f"not trained to the end: {', '.join(missing)}")
    return {
        "out": out,
        "hash": sealed["hash"],
        "models": found,
        "zoos": zoos,
        "cost": spent,
        "missing": missing,
    }
