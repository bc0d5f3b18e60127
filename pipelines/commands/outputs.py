"""The options by which commands say where they write."""

from __future__ import annotations

import click

replace_option = click.option(
    "--replace", is_flag=True, help="Put the output in the place of an earlier one."
)
