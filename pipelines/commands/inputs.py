"""The paths that commands read: each is a file or a folder, as it is declared."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from pipelines.commands.failures import INPUTS
from pipelines.commands.names import FILE, FOLDER, beginning, reference_networks
from pipelines.errors import PipelineError


class Input(click.ParamType):
    """A path to something that is read; `what` says in messages what it is to be.

    What is there has to be a file or a folder, never a pipe or a device, which might be waited for
    without end. A path where there is nothing is left to the reader.
    """

    name = "path"

    def __init__(
        self, what: str, *, file: bool = False, folder: bool = False, named: bool = False
    ) -> None:
        self.what, self.file, self.folder, self.named = what, file, folder, named

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        names = beginning(incomplete, reference_networks()) if self.named else []
        return [*names, FILE if self.file else FOLDER]

    def convert(
        self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        path = Path(value)
        if ctx is not None and str(path) != param_default(param):
            ctx.meta.setdefault(INPUTS, []).append(path)
        try:
            mode = os.stat(path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return path
        except ValueError as error:
            raise PipelineError(f"{path!s}: no path of a file: {error}") from None
        if stat.S_ISREG(mode):
            found, admitted = "a file", self.file
        elif stat.S_ISDIR(mode):
            found, admitted = "a folder", self.folder
        else:
            found, admitted = "a pipe or a device", False
        if not admitted:
            raise PipelineError(f"{path} is {found}; expected {self.what}")
        return path


def param_default(param: click.Parameter | None) -> str | None:
    """Give the default of a parameter as text."""
    return None if param is None or param.default is None else str(param.default)


ARCHITECTURE = Input(
    "the YAML file of an architecture, or a model", file=True, folder=True, named=True
)
MODEL = Input("a model: an .onnx or .pt2 file, or a folder of Hugging Face", file=True, folder=True)
WEIGHTS = Input("a file of weights, or a folder that holds it", file=True, folder=True)
ARRAYS = Input("a .npy or .npz file", file=True)
SETTINGS = Input("a YAML file of settings", file=True)
KNOWN = Input("the pairs.json of `gmn compare`", file=True)
ZOO = Input("the folder of a zoo", folder=True)
GRAPHS = Input("the folder of a graph set", folder=True)
RUN = Input("the folder of a training run", folder=True)
RUNS = Input("a folder of runs", folder=True)
SEARCHES = Input("the folder of a search", folder=True)
SAMPLES = Input("the folder of `gmn sample`", folder=True)
EXPERIMENT = Input("the folder of an experiment", folder=True)
SOURCE = Input(
    "the YAML file of an architecture, a model, or a zoo's folder",
    file=True,
    folder=True,
    named=True,
)
