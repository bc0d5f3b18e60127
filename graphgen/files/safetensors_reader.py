"""Safetensors files as memory-mapped arrays: opening costs the header, not the data."""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from graphgen.errors import GraphError
from graphgen.files.safetensors_format import (
    DTYPES,
    LENGTH_BYTES,
    Array,
    decode_header,
    header_length,
)


class SafetensorsFile(Mapping[str, Array]):
    """The arrays of one safetensors file by name, as read-only views of the mapped file.

    `path` is the file, `metadata` its strings, `shapes` each array's shape and `dtypes` each
    array's numpy dtype; none of them touches the data. The file stays mapped for as long as
    the object or one of its arrays lives. A copy, such as one sent to a worker process, opens
    the file again. Made by `open_safetensors`.
    """

    path: Path
    metadata: dict[str, str]
    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, np.dtype[np.generic]]

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._mapped = map_file(self.path)
        file_bytes = len(self._mapped)
        length = header_length(self._mapped[:LENGTH_BYTES], file_bytes, str(path))
        self._data = LENGTH_BYTES + length
        self._entries, self.metadata = decode_header(
            self._mapped[LENGTH_BYTES : self._data], file_bytes - self._data, str(path)
        )
        self.shapes = {name: entry.shape for name, entry in self._entries.items()}
        self.dtypes = {name: DTYPES[entry.dtype] for name, entry in self._entries.items()}

    @property
    def mapped(self) -> mmap.mmap:
        """The whole file's bytes, read-only."""
        return self._mapped

    def __getitem__(self, name: str) -> Array:
        entry = self._entries[name]
        return np.ndarray(
            entry.shape, DTYPES[entry.dtype], buffer=self._mapped, offset=self._data + entry.begin
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<SafetensorsFile {str(self.path)!r}, {len(self)} arrays>"

    # Mapping would compare array by array, and "are all elements equal" is no truth value.
    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __reduce__(self) -> tuple[type[SafetensorsFile], tuple[Path]]:
        return type(self), (self.path,)


def open_safetensors(path: str | os.PathLike[str]) -> SafetensorsFile:
    """Open a safetensors file of any size, checking its whole header, in the header's time.

    Raises `GraphError` naming the file, what was found and what was expected.

    ```python
    weights = open_safetensors("model.safetensors")
    weights.shapes["head.weight"], weights["head.weight"].mean()
    ```
    """
    return SafetensorsFile(path)


def map_file(path: Path) -> mmap.mmap:
    """Map a whole regular file read-only; a missing, empty or unreadable one is a `GraphError`."""
    check_file(path)
    try:
        with path.open("rb") as file:
            # mmap refuses a length of 0 with an error that names no file.
            if os.fstat(file.fileno()).st_size == 0:
                raise GraphError(
                    f"{path}: found 0 bytes, expected the 8 bytes of a header length or more; "
                    "fetch or write the file again"
                )
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise GraphError(f"{path}: cannot be read ({error.strerror}); check the file") from error


def check_file(path: Path) -> None:
    """Raise `GraphError` unless `path` is an existing regular file."""
    try:
        if path.is_file():
            return
    except OSError as error:
        raise GraphError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    if path.is_dir():
        files: list[str] = []
        with contextlib.suppress(OSError):
            files = sorted(p.name for p in path.iterdir() if p.suffix in (".safetensors", ".npz"))
        advice = f"name one of its files: {', '.join(files[:5])}" if files else "name a file in it"
        raise GraphError(f"{path}: is a folder, expected a file; {advice}")
    if path.exists():
        raise GraphError(f"{path}: is no regular file; write its content to a file first")
    raise GraphError(f"{path}: there is no such file; check the path (from {Path.cwd()})")
