"""An exported program in a file (`.pt2`), read without running what is in it."""

from __future__ import annotations

import io
import json
import os
import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.importers.batches import with_batch
from graphgen.importers.imported import Imported, finish
from graphgen.importers.refusal import ImportRefusalError
from graphgen.importers.torch.program import read_program

MOST_BYTES = 1 << 28
"""A description of a program may have so many bytes; its weights are no part of it."""

_OPERATOR = re.compile(r"torch\.ops\.\w+\.\w+(\.\w+)?")
_SIZES = re.compile(r"torch\.sym_\w+|torch\._sym_\w+|math\.(ceil|floor|trunc|sqrt)")
_ARITHMETIC = re.compile(
    r"_operator\.(getitem|add|sub|mul|truediv|floordiv|mod|pow|neg|eq|ne|lt|le|gt|ge|and_|or_|not_)"
)
# Torch evaluates expressions of sizes as Python: sums, products and comparisons are let through.
_EXPRESSION = re.compile(
    r"(?:'?\b[su]\d+\b'?|\b(?:Max|Min|Mod|PythonMod|FloorDiv|CeilDiv|CleanDiv|ModularIndexing|Eq|Ne"
    r"|Lt|Le|Gt|Ge|And|Or|Not|Add|Mul|Integer|Rational|Symbol|Equality|Unequality|LessThan"
    r"|StrictLessThan|GreaterThan|StrictGreaterThan|ceiling|floor|int_oo|oo|positive=True"
    r"|nonnegative=True|integer=True|true|false|True|False)\b|\b\d{1,12}\b|[-+*/(),<>=& |~.])*"
)
_AS_PYTHON = "reads what is there as Python, which could run any code; save the program again"


def from_program(
    path: str | os.PathLike[str], *, batch_axis: int | str | None = "auto"
) -> Imported:
    """Import an exported program of PyTorch, as `torch.export.save` writes it.

    What torch would unpickle or evaluate in it is refused. Raises `GraphError`.
    """
    try:
        check_file(Path(path))
        read = read_program(load(path))
        network, axes = with_batch(read.trace, read.input_shapes, batch_axis)
    except ImportRefusalError as error:
        raise ImportRefusalError(f"{path}: {error}") from error
    return finish(network, axes, f"From {Path(path).name}, a program of torch.export.")


def load(path: str | os.PathLike[str]) -> Any:
    """Read a program that was checked, by torch."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.load(os.fspath(path))
    # Torch raises dozens of kinds of errors on what it cannot read.
    except Exception as error:
        words = " ".join(str(error).split())
        raise ImportRefusalError(
            f"torch.export.load does not read it ({type(error).__name__}: {words:.300}); expected "
            "a file that torch.export.save wrote, by a version of torch that is not newer than the "
            "one that is installed"
        ) from error


def check_file(path: Path) -> None:
    """Raise `ImportRefusalError` for a file that is damaged, or in which torch would run code."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
            check_members(members)
            for name in members:
                if name.endswith((".json", ".pt")):
                    check_member(name, bounded(archive, name))
    except (ImportError, ImportRefusalError):
        raise
    except OSError as error:
        raise GraphError(f"{path}: cannot be read ({error.strerror}); check the file") from error
    # The parsers of zip and JSON raise a dozen kinds of errors on damaged bytes.
    except Exception as error:
        raise ImportRefusalError(
            f"cannot be read as an exported program ({type(error).__name__}: {error}); expected a "
            "file that torch.export.save wrote: write or fetch it again"
        ) from error


def check_members(members: list[str]) -> None:
    """Raise `ImportRefusalError` unless an archive holds one program and no objects of Python."""
    models = [name for name in members if re.search(r"/models/[^/]+\.json$", name)]
    if len(models) != 1:
        raise ImportRefusalError(f"holds {len(models)} programs, expected one")
    for name in members:
        if re.search(r"/(custom_obj|opaque_obj)_[^/]*$", name) or "/aotinductor/" in name:
            raise ImportRefusalError(f"holds {name!r}, an object or compiled code; {_NO_CODE}")


_NO_CODE = "expected tensors and operators alone"


def bounded(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read a member that is not too big."""
    if archive.getinfo(name).file_size > MOST_BYTES:
        raise ImportRefusalError(f"{name!r} has more than {MOST_BYTES >> 20} MiB")
    return archive.read(name)


def check_member(name: str, data: bytes) -> None:
    """Raise `ImportRefusalError` for a part of the archive that torch would run."""
    if name.endswith(".pt"):
        if data:
            check_tensors(name, data)
        return
    for key, value in entries(json.loads(data)):
        if key == "use_pickle" and value:
            raise ImportRefusalError(f"{name!r} has pickled tensors; torch {_AS_PYTHON}")
        if key == "expr_str" and ("**" in str(value) or not _EXPRESSION.fullmatch(str(value))):
            raise ImportRefusalError(
                f"{name!r} has the size {str(value)!r:.80}; torch {_AS_PYTHON}"
            )
        if key == "target" and isinstance(value, str) and name.split("/")[-2:-1] == ["models"]:
            check_target(value)


def check_tensors(name: str, data: bytes) -> None:
    """Raise `ImportRefusalError` unless a pickle holds tensors alone."""
    import torch

    try:
        torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    except Exception as error:
        raise ImportRefusalError(f"{name!r} holds more than tensors; torch {_AS_PYTHON}") from error


def check_target(target: str) -> None:
    """Raise `ImportRefusalError` for a function that is no operator."""
    if not any(pattern.fullmatch(target) for pattern in (_OPERATOR, _SIZES, _ARITHMETIC)):
        raise ImportRefusalError(f"has a node for {target!r:.80}, which is no operator of torch")


def entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Give all keys and values of nested data."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                yield key, inner
                waiting.append(inner)
        elif isinstance(value, list):
            waiting.extend(value)
