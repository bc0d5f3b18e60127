"""The option that gives values to an architecture's variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pipelines.commands import names

Command = TypeVar("Command", bound=Callable[..., Any])


def parse(
    context: click.Context, parameter: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, object]:
    """Turn `name=value` into a mapping; values are read as YAML reads them."""
    from spec.errors import SpecError
    from spec.yaml_reader import read

    result: dict[str, object] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"expected NAME=VALUE, got {pair!r}", context, parameter)
        try:
            result[name] = read(value, f"--set {name}").data
        except SpecError as error:
            raise click.BadParameter(str(error), context, parameter) from None
    return result


def variables_option(command: Command) -> Command:
    """Add `--set NAME=VALUE`."""
    option = click.option(
        "--set",
        "variables",
        multiple=True,
        callback=parse,
        shell_complete=names.variables,
        metavar="NAME=VALUE",
        help="Set a variable of the architecture; may be repeated.",
    )
    return option(command)
