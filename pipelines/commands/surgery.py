"""What `gmn prune` and `gmn widen` have in common: numbers by family, files, what is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pipelines.surgery import Written

Function = TypeVar("Function", bound=Callable[..., Any])


def parse_numbers(
    context: click.Context, parameter: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, int]:
    """Read numbers of families such as `1/neuron=8`."""
    result = {}
    for pair in pairs:
        name, _, number = pair.rpartition("=")
        if not name or not (number.isascii() and number.isdigit() and 0 < len(number) < 10):
            raise click.BadParameter(
                f"expected FAMILY=NUMBER, such as 1/neuron=8, got {pair!r}", context, parameter
            )
        result[name] = int(number)
    return result


def only_option(function: Function) -> Function:
    """Add `--only PATTERN`."""
    option = click.option(
        "--only",
        multiple=True,
        metavar="PATTERN",
        help="Only families like this: 'layer1.*/channel'. `gmn units` lists them.",
    )
    return option(function)


def files_options(function: Function) -> Function:
    """Add `--out` and `--weights`."""
    path = click.Path(path_type=Path)
    function = click.option(
        "--weights",
        "weights_out",
        type=path,
        help="File for the weights (.safetensors, .npz); by default beside the architecture.",
    )(function)
    out = click.option(
        "-o", "--out", type=path, required=True, help="YAML file for the architecture."
    )
    return out(function)


def tell(written: Written, word: str) -> dict[str, Any]:
    """Print what was written, and give the document of it."""
    for name, number in written.changed.items():
        click.echo(f"{name}: {number} {word}")
    for own in written.left:
        click.echo(f"{own.family}: left as it is: {own.why}")
    values = written.variables
    how = "resolved" if values is None else ", ".join(f"{k}={v}" for k, v in values.items())
    click.echo(
        f"{written.out}, {written.weights}: {written.after:,} parameters, {written.before:,} "
        f"before; {how or 'as it was'}"
    )
    return {
        "architecture": written.out,
        "weights": written.weights,
        "parameters": written.after,
        "before": written.before,
        "variables": values,
        "changed": written.changed,
        "left": [{"family": own.family, "why": own.why} for own in written.left],
    }
