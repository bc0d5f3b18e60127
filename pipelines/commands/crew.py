"""The options that say who does the work of a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pipelines.commands.names import schedulers

F = TypeVar("F", bound=Callable[..., Any])

workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes; default: as many as are worth their start.",
)
scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    shell_complete=schedulers,
    help="Work on a Dask cluster, as tcp://10.0.0.1:8786; `local` starts one on this machine.",
)


def crew_options(command: F) -> F:
    """Add the options `--workers` and `--scheduler`."""
    return workers_option(scheduler_option(command))
