"""What every command has: a document for programs, quietness, and examples in its help."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from pipelines.commands.document import written
from pipelines.commands.exits import NO
from pipelines.commands.quiet import quiet

Document = Mapping[str, Any]
"""What a command found, of plain values: `pipelines/commands/schemas` says of which."""


@dataclass(frozen=True)
class No:
    """The document of a command whose answer is no: its exit code is 1."""

    document: Document


def common_options() -> list[click.Option]:
    """Give the options that every command has, after its own."""
    return [
        click.Option(
            ["--json", "as_json"],
            is_flag=True,
            help="Print one JSON document; messages go to stderr.",
        ),
        click.Option(
            ["-q", "--quiet"], is_flag=True, help="No progress and no warnings, on stderr."
        ),
    ]


class Command(click.Command):
    """A command that prints for people, and returns its document, which `--json` prints instead.

    What it prints for people goes to stderr then.
    """

    def __init__(self, *arguments: Any, examples: tuple[str, ...], **more: Any) -> None:
        shown = "".join(f"\n    {example}" for example in examples)
        super().__init__(*arguments, **more)
        self.epilog = f"\b\nExamples:{shown}"
        self.examples = examples
        self.params += common_options()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # An option whose value is about to be completed would hide all that was given before.
        if ctx.resilient_parsing and args and args[-1].startswith("-"):
            args = args[:-1]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> None:
        as_json, silent = ctx.params.pop("as_json"), ctx.params.pop("quiet")
        with contextlib.ExitStack() as around:
            if silent:
                around.enter_context(quiet())
            if as_json:
                for_people = io.StringIO() if silent else sys.stderr
                around.enter_context(contextlib.redirect_stdout(for_people))
            found = super().invoke(ctx)
        if as_json:
            click.echo(written(found.document if isinstance(found, No) else found))
        if isinstance(found, No):
            ctx.exit(NO)


def command(
    name: str | None = None, *, examples: tuple[str, ...]
) -> Callable[[Callable[..., Document | No]], Command]:
    """Make a command of `gmn` of a function that returns its document.

        @command(examples=("gmn layers conv2d",))
        @click.argument("name")
        def layers(name: str) -> Document:
            click.echo(text)              # for people
            return {"layers": [name]}     # for programs

    Args:
        name: the command's name; by default the function's.
        examples: lines of a shell that run, which the help shows and the tests execute.
    """
    return click.command(name, cls=Command, examples=examples)
