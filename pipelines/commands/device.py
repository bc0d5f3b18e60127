"""The option that says where a command computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pipelines.commands.names import devices

F = TypeVar("F", bound=Callable[..., Any])
VARIABLE = "GMN_DEVICE"
"""What names the device where the option does not: a stage's command stays the same then."""


def option(variable: str | None) -> Callable[[F], F]:
    """Give the option `--device`; an environment variable may have its value."""
    return click.option(
        "--device",
        metavar="NAME",
        shell_complete=devices,
        default="cpu",
        envvar=variable,
        show_envvar=True,
        show_default=True,
        help="Where to compute: auto (all GPUs, or the CPU where there are none), cpu, "
        "cuda (all GPUs), cuda:1, or mps.",
    )


device_option = option(VARIABLE)
recorded_device_option = option(None)
"""Of what is another on another device, which no variable may decide."""
