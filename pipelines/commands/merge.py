"""`gmn merge`: the graph sets of several zoos as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from pipelines.commands.crew import crew_options
from pipelines.commands.inputs import SETTINGS
from pipelines.commands.outputs import replace_option


@click.command()
@click.argument("settings", type=SETTINGS)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the set.")
@crew_options
@replace_option
def merge(
    settings: Path, out: Path, workers: int | None, scheduler: str | None, replace: bool
) -> None:
    """Make one graph set of those of several zoos, which SETTINGS (YAML) names.

    Each network stays in its split. Training on it is training on all zoos at once.
    """
    from pipelines.commands.views import say_views
    from pipelines.merge import merge as execute

    graphs = execute(settings, out, replace, workers, scheduler)
    counts = ", ".join(said_of("split", graphs.records, ""))
    zoos = ", ".join(said_of("zoo", graphs.records, "of "))
    click.echo(f"{out}: {len(graphs)} graphs ({counts}): {zoos}")
    say_views(graphs)


def said_of(key: str, records: Iterable[Mapping[str, Any]], word: str) -> list[str]:
    """Count the networks by what their records say, in the order in which it comes up."""
    return [f"{n} {word}{name}" for name, n in Counter(one[key] for one in records).items()]
