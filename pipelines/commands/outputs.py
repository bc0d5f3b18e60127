"""The options by which commands say where they write."""

from __future__ import annotations

from pathlib import Path

import click

replace_option = click.option(
    "--replace", is_flag=True, help="Put the output in the place of an earlier one."
)
log_option = click.option(
    "--log",
    type=click.Path(path_type=Path),
    help="Folder: also write the numbers of each epoch there as they come, a table for each run.",
)
