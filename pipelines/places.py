"""Places: the folder of what is given as an object, and one for what is asked for as an object."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from graphgen import GraphSet
from pipelines.errors import PipelineError


class Kept(Protocol):
    """What is kept in a folder, as a zoo, a graph set and runs are."""

    folder: Path


Source: TypeAlias = Kept | str | os.PathLike[str]
"""Something that is kept in a folder, or the path of the folder."""

_temporary: list[tempfile.TemporaryDirectory[str]] = []


def folder_of(source: Source, argument: str) -> Path:
    """Give the folder of an object, or a path as it is; `PipelineError` for what is neither."""
    if isinstance(source, GraphSet) and len(source) != len(source.index["networks"]):
        raise PipelineError(
            f"`{argument}` is a part of the graph set {source.folder}; stages take whole ones: "
            "give that, and choose by splits, or write the part by graphgen.GraphSet.write"
        )
    folder: Any = getattr(source, "folder", source)
    if not isinstance(folder, str | os.PathLike):
        raise PipelineError(
            f"`{argument}` is a {type(source).__name__}; expected the path of a folder, or what a "
            "stage gave"
        )
    return Path(folder)


def place_for(out: str | os.PathLike[str] | None, name: str) -> Path:
    """Give the path of an output; without one, that of a temporary folder.

    Temporary folders are removed when Python ends.
    """
    if out is not None:
        return Path(out)
    _temporary.append(tempfile.TemporaryDirectory(prefix="gmn-"))
    return Path(_temporary[-1].name) / name
