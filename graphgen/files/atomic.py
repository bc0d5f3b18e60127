"""Files that are either wholly there or not there at all."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError

_MARK = ".tmp-"


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    r"""Yield a temporary path in the folder of `path`, which becomes `path` when the block ends.

    The temporary is an empty file with the same suffix. It is flushed to the disk before it
    takes the place of `path`; when the block raises, `path` stays as it was and the temporary
    is removed. Raises `GraphError` when the folder is missing or `path` is a folder; an
    `OSError` such as a full disk passes through.

    ```python
    with atomic_path("table.csv") as temporary:
        temporary.write_text("epoch,loss\n")
    ```
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise GraphError(
            f"{target}: cannot be written, because {target.parent} is not an existing folder; "
            "create it first"
        )
    if target.is_dir():
        raise GraphError(f"{target}: cannot be written, because it is a folder; name a file in it")
    # A short stem keeps the name within the file system's limit, whatever the target's length.
    name = f".{target.stem[:40]}{_MARK}{secrets.token_hex(8)}{target.suffix}"
    temporary = target.parent / name
    try:
        # Unlike tempfile.mkstemp, which makes private files, this honours the umask.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        _flush(temporary)
        os.replace(temporary, target)
    except OSError as error:
        if error.filename is None:
            error.filename = str(target)
        raise
    finally:
        temporary.unlink(missing_ok=True)
    flush_folder(target.parent)


def write_bytes(path: str | os.PathLike[str], data: bytes | bytearray | memoryview) -> None:
    """Write `data` to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: str | os.PathLike[str], data: Any) -> None:
    """Write `data` to `path` atomically as canonical JSON, so that equal data give equal bytes.

    Keys are sorted, numbers are finite, the text is indented UTF-8 and ends with a newline.
    Raises `GraphError` with the place of a value that JSON cannot hold.

    ```python
    write_json("metrics.json", {"gmn": {"r2": 0.83}})
    ```
    """
    try:
        _check_json(data, str(path), "")
        text = json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise GraphError(
            f"{path}: the data nest too deep for JSON or contain themselves; pass a finite tree"
        ) from None
    try:
        encoded = (text + "\n").encode()
    except UnicodeEncodeError as error:
        raise GraphError(f"{path}: a string in the data is no valid Unicode ({error})") from None
    write_bytes(path, encoded)


def remove_leftovers(folder: str | os.PathLike[str]) -> list[str]:
    """Remove the temporaries that killed processes left in `folder`; return their names.

    Call it only while no other process writes there, that is inside `exclusive(folder)`.
    """
    leftovers = sorted(Path(folder).glob(f".*{_MARK}{'[0-9a-f]' * 16}*"))
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    return [leftover.name for leftover in leftovers]


def flush_folder(folder: Path) -> None:
    """Make the names in `folder` durable, on file systems that can."""
    with contextlib.suppress(OSError):
        _flush(folder, os.O_RDONLY)


def _flush(path: Path, mode: int = os.O_RDWR) -> None:
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_json(data: Any, path: str, place: str) -> None:
    if isinstance(data, dict):
        for key, value in data.items():
            if not isinstance(key, str):
                raise GraphError(
                    f"{path}: the key {key!r}{_at(place)} is of type {type(key).__name__}, and "
                    "JSON keys are strings; convert it with str()"
                )
            _check_json(value, path, f"{place}[{key!r}]")
    elif isinstance(data, (list, tuple)):
        for index, value in enumerate(data):
            _check_json(value, path, f"{place}[{index}]")
    elif isinstance(data, float):
        if not math.isfinite(data):
            raise GraphError(
                f"{path}: the number{_at(place)} is {data}, and JSON has no such number; "
                "write None or leave it out"
            )
    elif not (data is None or isinstance(data, (str, int))):
        raise GraphError(
            f"{path}: the value{_at(place)} is of type {type(data).__name__}; expected a dict, "
            "list, string, int, float, bool or None (convert arrays with .tolist())"
        )


def _at(place: str) -> str:
    return f" at data{place}"
