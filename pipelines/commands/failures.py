"""Failures: what a command says when it does not succeed, and its exit code."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

from pipelines.extras import LIBRARIES, to_install

MISTAKE, STOPPED, BROKEN_PIPE, TERMINATED = 2, 130, 141, 143
ERRORS = {
    "spec.errors": "SpecError",
    "graphgen.errors": "GraphError",
    "metanet.errors": "MetanetError",
    "pipelines.errors": "PipelineError",
}
"""The error class of each package, by its module."""
INPUTS = "pipelines.inputs"
"""Where a command's context keeps the paths that it was given."""


class Commands(click.Group):
    """A group whose commands end in a message and an exit code for all but their own defects.

    A user's mistake, a missing library or a file that cannot be used gives 2, Ctrl-C 130, SIGTERM
    143, and a closed pipe, without a word, 141.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with exiting_on_sigterm(), warnings_in_one_line():
                result = super().invoke(ctx)
                sys.stdout.flush()
                return result
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (KeyboardInterrupt, click.Abort):
            say("stopped")
            raise click.exceptions.Exit(STOPPED) from None
        except SystemExit as stop:
            if stop.code == TERMINATED:
                say("terminated")
            raise
        except BrokenPipeError:
            # Python flushes the stream again at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(BROKEN_PIPE) from None
        except Exception as error:
            message = message_of(error, ctx.meta.get(INPUTS, ()))
            if message is None:
                raise
            say(f"Error: {message}")
            raise click.exceptions.Exit(MISTAKE) from None


def message_of(error: Exception, inputs: Sequence[Path] = ()) -> str | None:
    """Say what is to be told of an error; None for a defect. `inputs` are the paths in question."""
    place = f"{', '.join(map(str, inputs))}: " if inputs else ""
    if isinstance(error, mistakes()):
        return str(error)
    if isinstance(error, ImportError):
        return missing_library(error)
    if isinstance(error, OSError):
        named = f"{error.filename}: " if error.filename else place
        return f"{named}{error.strerror or error}"
    if isinstance(error, MemoryError):
        return f"{place}more memory is needed than there is ({str(error) or 'none is left'})"
    if isinstance(error, RecursionError):
        return f"{place}nested too deeply to be read"
    if isinstance(error, EOFError):
        return f"{place}the file ends too early"
    if isinstance(error, UnicodeError):
        return f"{place}text that is not UTF-8: {error}"
    return None


def mistakes() -> tuple[type[Exception], ...]:
    """List the error classes of those packages that were imported."""
    found = [(sys.modules.get(module), name) for module, name in ERRORS.items()]
    return tuple(getattr(module, name) for module, name in found if module is not None)


def missing_library(error: ImportError) -> str | None:
    """Say which extra to install for a library that cannot be imported; None for our modules."""
    module = (error.name or "").partition(".")[0]
    absent = isinstance(error, ModuleNotFoundError)
    if module in LIBRARIES:
        how = "is not installed" if absent else f"cannot be imported ({error})"
        return f"this needs {module}, which {how}: {to_install(module)}"
    own = {name.partition(".")[0] for name in ERRORS}
    if not absent or not module or module in own:
        return None
    return f"{module} is not installed, which one of the installed libraries needs"


def say(message: str) -> None:
    """Print to the standard error stream, if there is still somebody who reads it."""
    try:
        click.echo(message, err=True)
    except OSError:
        return


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Print warnings without the place in our code, which is of no use to who runs a command."""
    before = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        say(f"Warning: {message}")

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before


@contextmanager
def exiting_on_sigterm() -> Iterator[None]:
    """Let SIGTERM unwind the stack, as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
