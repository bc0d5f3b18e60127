"""Failures: what a command says when it does not succeed, and its exit code."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import click

from pipelines.commands.document import written
from pipelines.commands.exits import (
    BROKEN_PIPE,
    DEFECT,
    MISSING,
    MISTAKE,
    NOT_NOW,
    STOPPED,
    TERMINATED,
)
from pipelines.commands.similar import suggestion
from pipelines.extras import LIBRARIES, to_install

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
    """A group whose commands end in a message and an exit code, and with `--json` in a document.

    The codes are those of `pipelines.commands.exits`; a closed pipe ends without a word.
    """

    def invoke(self, ctx: click.Context) -> None:
        for_programs = "--json" in ctx.args
        try:
            with exiting_on_sigterm(), warnings_in_one_line():
                super().invoke(ctx)
                sys.stdout.flush()
        except click.exceptions.Exit:
            raise
        except BrokenPipeError:
            # Python flushes the stream again at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(BROKEN_PIPE) from None
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            failure = Failure.of(error, ctx.meta.get(INPUTS, ()))
            if failure is None:
                raise
            failure.tell()
            if for_programs:
                click.echo(written(failure.document))
            raise click.exceptions.Exit(failure.code) from None


@dataclass(frozen=True)
class Failure:
    """What is told of an error: the text for people, the exit code, and the document."""

    error: BaseException
    message: str
    code: int

    @classmethod
    def of(cls, error: BaseException, inputs: Sequence[Path] = ()) -> Failure | None:
        """Say what is to be told; None for an exit that is none of ours."""
        if isinstance(error, KeyboardInterrupt | click.Abort):
            return cls(error, "stopped", STOPPED)
        if isinstance(error, SystemExit):
            return cls(error, "terminated", TERMINATED) if error.code == TERMINATED else None
        if isinstance(error, click.ClickException):
            return cls(error, error.format_message(), error.exit_code)
        assert isinstance(error, Exception)
        message = message_of(error, inputs)
        if message is None:
            return cls(error, f"a defect of gmn: {type(error).__name__}: {error}", DEFECT)
        code = code_of(error)
        return cls(error, message + (suggestion(inputs) if code == MISTAKE else ""), code)

    def tell(self) -> None:
        """Print it to stderr; of a defect also where it is, and what to do."""
        if isinstance(self.error, click.ClickException):
            with suppress(OSError):
                self.error.show()
        elif self.code == DEFECT:
            say("".join(traceback.format_exception(self.error)).rstrip())
            say(f"Error: {self.message}; this is no mistake of yours: please report it")
        else:
            say(self.message if self.code in (STOPPED, TERMINATED) else f"Error: {self.message}")

    @property
    def document(self) -> dict[str, Any]:
        """The document of `--json`; of a description with its problems, each with its place."""
        found: dict[str, Any] = {
            "class": type(self.error).__name__,
            "message": self.message,
            "exit_code": self.code,
        }
        if problems := getattr(self.error, "problems", ()):
            found["problems"] = [
                {"message": each.message, **(asdict(each.mark) if each.mark else {})}
                for each in problems
            ]
        return {"error": found}


def code_of(error: BaseException) -> int:
    """Give the exit code of a mistake: by what it comes from, a library or a lock."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ImportError):
            return MISSING
        if isinstance(seen, BlockingIOError | TimeoutError):
            return NOT_NOW
        seen = seen.__cause__ or seen.__context__
    return MISTAKE


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
