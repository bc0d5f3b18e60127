"""`gmn union`: the graph sets of several zoos as one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from pipelines.commands.command import Document, command
from pipelines.commands.crew import crew_options
from pipelines.commands.inputs import SETTINGS
from pipelines.commands.outputs import replace_option


@command(examples=("gmn union params.yaml --out out/graphs",))
@click.argument("settings", type=SETTINGS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the set.")
@crew_options
@replace_option
def union(
    settings: Path, out: Path, workers: int | None, scheduler: str | None, replace: bool
) -> Document:
    """Make one graph set of those of several zoos, which SETTINGS (YAML) names.

    Each network stays in its split. Training on it is training on all zoos at once.
    """
    from pipelines.commands.views import about_views, say_views
    from pipelines.union import union as execute

    graphs = execute(settings, out, replace, workers, scheduler)
    splits, zoos = (Counter(one[key] for one in graphs.records) for key in ("split", "zoo"))
    counts = ", ".join(f"{n} {name}" for name, n in splits.items())
    shares = ", ".join(f"{n} of {name}" for name, n in zoos.items())
    click.echo(f"{out}: {len(graphs)} graphs ({counts}): {shares}")
    say_views(graphs)
    return {
        "out": out,
        "hash": graphs.hash,
        "graphs": len(graphs),
        "splits": splits,
        "zoos": zoos,
        "views": about_views(graphs),
    }
