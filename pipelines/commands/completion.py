"""`gmn completion`: commands, options and names completed by the shell."""

from __future__ import annotations

import click

from pipelines.commands.command import Document, command

VARIABLE = "_GMN_COMPLETE"


@command(
    examples=(
        "gmn completion bash > ~/.local/share/bash-completion/completions/gmn",
        "gmn completion fish > ~/.config/fish/completions/gmn.fish",
        "source <(gmn completion zsh)    # in ~/.zshrc",
    )
)
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> Document:
    """Print the script by which SHELL completes commands, options, files and names of `gmn`."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    script = found(context.find_root().command, {}, "gmn", VARIABLE).source()
    click.echo(script)
    return {"shell": shell, "script": script}
