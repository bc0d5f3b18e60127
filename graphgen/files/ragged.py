"""Shards: rows of arrays of any length in one file, each row a view away."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from graphgen.errors import GraphError
from graphgen.files.safetensors_format import Array
from graphgen.files.safetensors_reader import SafetensorsFile, open_safetensors
from graphgen.files.safetensors_writer import write_pieces

_VALUES = ".values"
_POINTERS = ".pointers"
_CHUNK_BYTES = 1 << 26


def write_shard(
    path: str | os.PathLike[str],
    columns: Mapping[str, Sequence[Array]],
    metadata: Mapping[str, str],
) -> str:
    """Write the rows of all `columns` to one safetensors file; return its SHA-256 in hex.

    A column has one 1-D array per row, all of one dtype and each of any length, 0 included. In
    the file its rows follow one another as `<column>.values`; row `i` lies between the elements
    `i` and `i + 1` of `<column>.pointers` (int64, rows + 1). Equal arguments give equal bytes.
    Raises `GraphError` naming the column and the row.

    ```python
    write_shard("shard-00000.safetensors", {"weights": [np.zeros(3), np.zeros(5)]}, {})
    ```
    """
    rows = {column: len(arrays) for column, arrays in columns.items()}
    if len(set(rows.values())) != 1 or 0 in rows.values():
        raise GraphError(
            f"{path}: the columns have these numbers of rows: {rows}; expected at least one "
            "column, and the same number of rows, at least 1, in each"
        )
    pieces: dict[str, tuple[tuple[int, ...], Sequence[Array]]] = {}
    for column, arrays in columns.items():
        _check_rows(path, column, arrays)
        pointers = np.zeros(len(arrays) + 1, np.int64)
        np.cumsum([array.size for array in arrays], out=pointers[1:])
        pieces[f"{column}{_VALUES}"] = ((int(pointers[-1]),), arrays)
        pieces[f"{column}{_POINTERS}"] = ((len(pointers),), [pointers])
    return write_pieces(path, pieces, metadata)


class Shard:
    """The rows that `write_shard` wrote, memory-mapped.

    `rows` is their number, `columns` are the names and `metadata` the strings given there.
    Opening checks the header and all pointers, not the values: see `verify`. Raises
    `GraphError` naming the file and what is wrong with it.

    ```python
    shard = Shard("shard-00000.safetensors")
    shard.row("weights", 1).shape
    ```
    """

    path: Path
    rows: int
    columns: tuple[str, ...]
    metadata: dict[str, str]

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file: SafetensorsFile = open_safetensors(path)
        self.path = self._file.path
        self.metadata = self._file.metadata
        self.columns = tuple(
            sorted(name.removesuffix(_VALUES) for name in self._file if name.endswith(_VALUES))
        )
        expected = {f"{c}{suffix}" for c in self.columns for suffix in (_VALUES, _POINTERS)}
        if not expected or expected != set(self._file):
            raise GraphError(
                f"{path}: not a shard: found the arrays {sorted(self._file)[:8]}, expected a pair "
                f"of <column>{_VALUES} and <column>{_POINTERS} for each column"
            )
        self._views = {column: self._checked(column) for column in self.columns}
        rows = {column: len(pointers) - 1 for column, (_, pointers) in self._views.items()}
        if len(set(rows.values())) != 1:
            raise GraphError(f"{path}: damaged: the columns have different numbers of rows: {rows}")
        self.rows = rows[self.columns[0]]

    def row(self, column: str, i: int) -> Array:
        """Return row `i` (0 to rows - 1) of `column` as a read-only 1-D view."""
        values, pointers = self.column(column)
        if not 0 <= i < self.rows:
            raise GraphError(f"{self.path}: there is no row {i}, expected 0 to {self.rows - 1}")
        return values[pointers[i] : pointers[i + 1]]

    def column(self, column: str) -> tuple[Array, Array]:
        """Return the values of all rows (1-D) and the pointers (int64, rows + 1) as views."""
        try:
            return self._views[column]
        except KeyError:
            raise GraphError(
                f"{self.path}: there is no column {column!r}, expected one of "
                f"{', '.join(self.columns)}"
            ) from None

    def verify(self, sha256: str) -> None:
        """Read the whole file and raise `GraphError` unless its SHA-256 in hex is `sha256`."""
        digest = hashlib.sha256()
        with memoryview(self._file.mapped) as data:
            for begin in range(0, len(data), _CHUNK_BYTES):
                digest.update(data[begin : begin + _CHUNK_BYTES])
        if digest.hexdigest() != sha256.lower():
            raise GraphError(
                f"{self.path}: changed or damaged: found the SHA-256 {digest.hexdigest()}, "
                f"expected {sha256}; write or fetch the file again"
            )

    def __len__(self) -> int:
        return self.rows

    def __repr__(self) -> str:
        return f"<Shard {str(self.path)!r}, {self.rows} rows of {', '.join(self.columns)}>"

    def __reduce__(self) -> tuple[type[Shard], tuple[Path]]:
        return type(self), (self.path,)

    def _checked(self, column: str) -> tuple[Array, Array]:
        values, pointers = self._file[column + _VALUES], self._file[column + _POINTERS]
        if values.ndim != 1 or pointers.ndim != 1 or pointers.dtype != np.int64:
            raise GraphError(
                f"{self.path}: not a shard: the column {column!r} has values of shape "
                f"{values.shape} and pointers of shape {pointers.shape} and dtype "
                f"{pointers.dtype}, expected one axis each and int64"
            )
        if (
            len(pointers) < 2
            or pointers[0] != 0
            or pointers[-1] != len(values)
            or not (pointers[:-1] <= pointers[1:]).all()
        ):
            raise GraphError(
                f"{self.path}: damaged: the pointers of the column {column!r} do not rise from 0 "
                f"to its {len(values)} values; write or fetch the file again"
            )
        return values, pointers


def _check_rows(path: str | os.PathLike[str], column: object, rows: Sequence[object]) -> None:
    if not isinstance(column, str) or not column:
        raise GraphError(f"{path}: column names must be non-empty strings, found {column!r}")
    dtype: np.dtype[np.generic] | None = None
    for i, array in enumerate(rows):
        if not isinstance(array, np.ndarray) or array.ndim != 1:
            shape = f" and shape {array.shape}" if isinstance(array, np.ndarray) else ""
            raise GraphError(
                f"{path}: row {i} of the column {column!r} is of type {type(array).__name__}"
                f"{shape}, expected a numpy array with one axis"
            )
        dtype = array.dtype if dtype is None else dtype
        if array.dtype != dtype:
            raise GraphError(
                f"{path}: row {i} of the column {column!r} has the dtype {array.dtype}, "
                f"expected {dtype} as in row 0; convert it with .astype"
            )
