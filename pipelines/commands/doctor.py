"""`gmn doctor`: what this installation has, and what it lacks."""

from __future__ import annotations

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    r"""Show libraries, processors, GPUs and data sets, and how to get what is missing.

    \b
    Example:
        gmn doctor
    """
    import json

    from pipelines.doctor import examine, plain

    findings = examine()
    if as_json:
        click.echo(json.dumps(plain(findings), indent=2))
        return
    width = max(len(each.subject) for each in findings)
    for each in findings:
        advice = f"  ({each.advice})" if each.advice else ""
        click.echo(f"{each.subject:<{width}}  {each.found}{advice}")
