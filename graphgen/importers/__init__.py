"""Networks from the files and objects of other frameworks; each library is imported when called."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.importers.imported import Imported
from graphgen.importers.refusal import ImportRefusalError

__all__ = ["ImportRefusalError", "Imported", "from_torch", "read_model"]


def from_torch(module: Any, inputs: Any, *, batch_axis: int | str | None = "auto") -> Imported:
    """Import a `torch.nn.Module` with example inputs: see `graphgen.importers.torch`."""
    from graphgen.importers.torch import from_torch as read

    return read(module, inputs, batch_axis=batch_axis)


def read_model(path: str | os.PathLike[str]) -> Imported:
    """Import a model file by what it is: ONNX, an exported program, a Hugging Face folder."""
    raise GraphError(f"{Path(path)}: no importer reads this kind of file")
