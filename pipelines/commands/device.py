"""The option that says where a command computes."""

from __future__ import annotations

import click

device_option = click.option(
    "--device",
    metavar="NAME",
    default="cpu",
    show_default=True,
    help="Where to compute: auto (all GPUs, or the CPU where there are none), cpu, "
    "cuda (all GPUs), cuda:1, or mps.",
)
