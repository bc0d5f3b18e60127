"""`gmn doctor`: what this installation has, and what it lacks."""

from __future__ import annotations

import click

from pipelines.commands.command import Document, command


@command(examples=("gmn doctor",))
def doctor() -> Document:
    """Show libraries, processors, GPUs and data sets, and how to get what is missing."""
    from pipelines.doctor import examine, plain

    findings = examine()
    width = max(len(each.subject) for each in findings)
    for each in findings:
        advice = f"  ({each.advice})" if each.advice else ""
        click.echo(f"{each.subject:<{width}}  {each.found}{advice}")
    return plain(findings)
