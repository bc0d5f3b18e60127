"""Networks from the files and objects of other frameworks; each library is imported when called."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError, concerning
from graphgen.files.model_kind import (
    FOLDER,
    ONNX_MODEL,
    PROGRAM,
    check_architecture,
    model_kind,
)
from graphgen.importers.file_errors import of_file
from graphgen.importers.imported import Imported
from graphgen.importers.refusal import ImportRefusalError

__all__ = [
    "ImportRefusalError",
    "Imported",
    "from_huggingface",
    "from_onnx",
    "from_program",
    "from_torch",
    "read_model",
]


def from_huggingface(
    folder: str | os.PathLike[str],
    *,
    shapes: Mapping[str, Sequence[int]] | None = None,
    outputs: Sequence[str] | None = None,
) -> Imported:
    """Import the folder of a model of transformers: see `graphgen.importers.huggingface`."""
    from graphgen.importers.huggingface import from_huggingface as read

    return read(folder, shapes=shapes, outputs=outputs)


def from_onnx(
    model: Any,
    *,
    batch_axis: int | str | None = "auto",
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> Imported:
    """Import a model of ONNX, a file or a `ModelProto`: see `graphgen.importers.onnx`."""
    from graphgen.importers.onnx import from_onnx as read

    path = model if isinstance(model, (str, os.PathLike)) else "the model"
    with concerning(path):
        return read(model, batch_axis=batch_axis, shapes=shapes)


def from_program(
    path: str | os.PathLike[str], *, batch_axis: int | str | None = "auto"
) -> Imported:
    """Import an exported program of PyTorch (`.pt2`): see `graphgen.importers.torch`."""
    from graphgen.importers.torch import from_program as read

    return read(path, batch_axis=batch_axis)


def from_torch(
    module: Any, inputs: Any, *, batch_axis: int | str | None = "auto", check: bool = True
) -> Imported:
    """Import a `torch.nn.Module` with example inputs: see `graphgen.importers.torch`."""
    from graphgen.importers.torch import from_torch as read

    return read(module, inputs, batch_axis=batch_axis, check=check)


def read_model(
    path: str | os.PathLike[str],
    *,
    shapes: Mapping[str, Sequence[int]] | None = None,
    outputs: Sequence[str] | None = None,
    batch_axis: int | str | None = "auto",
) -> Imported:
    """Import a model from a file or folder, by what it is.

    Reads ONNX files, exported programs of PyTorch (`.pt2`), and folders of Hugging Face. `shapes`
    gives shapes of inputs, without the batch, where a model leaves them open (ONNX, folders),
    `outputs` the names of the outputs that are meant (folders), and `batch_axis` the axis of the
    inputs that holds the samples (None: all is one sample; ONNX, programs). Raises `GraphError`
    for what is none of these, and for what the language cannot say exactly.
    """
    kind = model_kind(path)
    if kind is None and not os.path.exists(path):
        raise GraphError(f"{Path(path)}: there is no such file or folder (from {Path.cwd()})")
    if kind is None:
        check_architecture(path)
        raise GraphError(
            f"{Path(path)}: is no model; expected an .onnx or .pt2 file, or a folder of Hugging "
            "Face"
        )
    *_, taken = READERS[kind]
    given = {"shapes": shapes or None, "outputs": outputs or None, "batch_axis": batch_axis}
    asked = {key: value for key, value in given.items() if value != DEFAULTS[key]}
    for key in asked:
        if key not in taken:
            raise GraphError(
                f"{Path(path)}: `{key}` does not go with this kind of model, which takes "
                f"{' and '.join(taken)}; the file itself says the rest"
            )
    with of_file(Path(path)):
        return reader(kind)(Path(path), **asked)


def reader(kind: str) -> Callable[..., Imported]:
    """Give the function that reads a kind of model; its module imports the framework."""
    module, name, _ = READERS[kind]
    found: Callable[..., Imported] = getattr(import_module(module), name)
    return found


DEFAULTS = {"shapes": None, "outputs": None, "batch_axis": "auto"}
READERS = {
    ONNX_MODEL: ("graphgen.importers.onnx", "from_onnx", ("shapes", "batch_axis")),
    PROGRAM: ("graphgen.importers.torch", "from_program", ("batch_axis",)),
    FOLDER: ("graphgen.importers.huggingface", "from_huggingface", ("shapes", "outputs")),
}
"""What reads each kind of model: its module, its name, and which of the options it takes."""
