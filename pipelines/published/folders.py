"""The files of a published set: listed, bounded, identified, and never looked for outside of it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from graphgen.files.document import within
from pipelines.errors import PipelineError

MOST_FILES = 2_000_000
MOST_BYTES = 1 << 27
"""Of a text file that is read at once, and of a table as it lies there."""
_CHUNK_BYTES = 1 << 20


def found_file(folder: Path, name: str, of: str) -> Path:
    """Give a file of a set; `PipelineError` where it is not there, or leads out of the folder."""
    path = folder / name
    if not path.is_file():
        there = sorted(entry.name for entry in folder.iterdir())[:6] if folder.is_dir() else []
        raise PipelineError(
            f"{folder}: has no file {name}, which {of} has; there are "
            f"{', '.join(there) or 'no files'}; name the folder of the unpacked archive"
        )
    return inside(folder, path)


def inside(folder: Path, path: Path) -> Path:
    """Give a path of a folder; `PipelineError` where links lead out of it."""
    if not within(folder, path):
        raise PipelineError(
            f"{path}: leads out of {folder}, and a set is read only inside its folder; put the "
            "file in its place"
        )
    return path


def matching(folder: Path, *patterns: str) -> list[tuple[re.Match[str], ...]]:
    r"""List the files below a folder whose path matches a regular expression for each part.

        matching(Path("inrs"), r"net_([0-9]+)", r"final\.pth")

    They come sorted by their path, each as the matches of its parts.
    """
    found: list[tuple[re.Match[str], ...]] = []

    def walk(place: Path, rest: tuple[str, ...], parts: tuple[re.Match[str], ...]) -> None:
        pattern = re.compile(rest[0], re.ASCII)
        with os.scandir(place) as entries:
            names = sorted(
                entry.name
                for entry in entries
                if (entry.is_dir() if len(rest) > 1 else entry.is_file())
            )
        for name in names:
            match = pattern.fullmatch(name)
            if match is None:
                continue
            if len(rest) > 1:
                walk(place / name, rest[1:], (*parts, match))
                continue
            found.append((*parts, match))
            if len(found) > MOST_FILES:
                raise PipelineError(f"{folder}: has more than {MOST_FILES} files; is it one set?")

    try:
        walk(folder, patterns, ())
    except OSError as error:
        raise PipelineError(
            f"{error.filename or folder}: cannot be listed ({error.strerror}); name the folder of "
            "the unpacked archive"
        ) from None
    return found


def path_of(folder: Path, parts: Iterable[re.Match[str]]) -> Path:
    """Give the path of what `matching` listed."""
    return folder.joinpath(*(part.string for part in parts))


def identity(folder: Path, listed: Iterable[Path], texts: Iterable[Path] = ()) -> str:
    """Identify files: SHA-256 of their names and sizes, and of what the text files hold."""
    digest = hashlib.sha256()
    for path in listed:
        digest.update(f"{path.relative_to(folder).as_posix()}\n{path.stat().st_size}\n".encode())
    for path in texts:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()


def read_json(path: Path) -> Any:
    """Read a JSON file of bounded size; `PipelineError` for anything else."""
    return parse_json(read_text(path), path)


def parse_json(text: str, place: object) -> Any:
    """Read JSON, with the not-a-number that Python writes; `PipelineError` for anything else."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        words = "it nests too deep" if isinstance(error, RecursionError) else str(error)
        raise PipelineError(
            f"{place}: not readable as JSON ({words:.160}); unpack the archive again"
        ) from None


def read_text(path: Path) -> str:
    """Read a text file of bounded size."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise PipelineError(f"{path}: has {size} bytes, expected at most {MOST_BYTES}")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PipelineError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise PipelineError(f"{path}: is no text ({error!s:.160})") from None


def read_header(path: Path) -> tuple[str, ...]:
    """Give the names of the columns of a CSV file."""
    with table_errors(path), _opened(path) as file:
        return tuple(next(csv.reader(file, strict=True), []))


def read_table(path: Path, columns: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Give the rows of a CSV file, be it compressed: the values of these columns, in order.

    Nothing is held but the row. Raises `PipelineError` for a damaged file, for a column that is
    missing, and for a row that is too short.
    """
    wanted = tuple(columns)
    with table_errors(path), _opened(path) as file:
        rows = csv.reader(file, strict=True)
        head = next(rows, [])
        missing = [name for name in wanted if name not in head]
        if missing:
            raise PipelineError(
                f"{path}: has no column {', '.join(missing)}; got {', '.join(head)[:300]!r}"
            )
        places = [head.index(name) for name in wanted]
        for row in rows:
            if not row:
                continue
            if len(row) <= max(places):
                raise PipelineError(
                    f"{path}:{rows.line_num}: has {len(row)} values, expected {len(head)}"
                )
            yield tuple(row[place] for place in places)


@contextmanager
def table_errors(path: Path) -> Iterator[None]:
    """Tell of a CSV file that cannot be read by `PipelineError`."""
    try:
        yield
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeDecodeError) as error:
        raise PipelineError(
            f"{path}: damaged ({type(error).__name__}: {error!s:.160}); fetch or unpack the "
            "archive again"
        ) from None


def _opened(path: Path) -> IO[str]:
    if (size := path.stat().st_size) > MOST_BYTES:
        raise PipelineError(f"{path}: has {size} bytes, expected at most {MOST_BYTES}")
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")
