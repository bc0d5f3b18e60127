"""The option by which a command knows what a user's own modules add."""

from __future__ import annotations

import click


def with_import(command: click.Command) -> click.Command:
    """Add the option `--import`, which is read before all others."""
    option = click.Option(
        ["--import", "modules"],
        multiple=True,
        metavar="MODULE",
        is_eager=True,
        expose_value=False,
        envvar="GMN_IMPORT",
        callback=import_them,
        help="Import a module first, which registers layers, metanets or others of your own; may "
        "be repeated.",
    )
    command.params.append(option)
    return command


def import_them(
    context: click.Context, parameter: click.Parameter, modules: tuple[str, ...]
) -> None:
    """Import the modules that are named, here and in all workers."""
    if modules:
        from spec.plugins import import_modules

        import_modules(modules)
