"""Documents: JSON files of ours, sealed by a hash and checked against a schema when read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from graphgen.errors import GraphError
from graphgen.files.atomic import write_json
from graphgen.files.safetensors_reader import check_file

if TYPE_CHECKING:
    from jsonschema import ValidationError

MAX_BYTES = 1 << 27
_SHOWN = 160
_OWN = ("format", "version", "hash")


@dataclass(frozen=True)
class Kind:
    """A kind of document.

    Attributes:
        format: its name, which the file holds as `format`.
        version: the one version that is written and read.
        schema: the JSON Schema of its content, without `format`, `version` and `hash`.
        made_by: the command that makes such a file, for messages.
        quick: of a list by its key, what says quickly that the schema admits all of it.
        most_bytes: the most that such a file may have.
    """

    format: str
    version: int
    schema: Mapping[str, Any]
    made_by: str
    quick: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)
    most_bytes: int = MAX_BYTES

    @cached_property
    def validator(self) -> Any:
        """The validator of the content."""
        return strict_validator()(dict(self.schema))


@cache
def strict_validator() -> Any:
    """Give the class of validators, which do not take 1.0 for an integer as JSON Schema does."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    def is_integer(checker: object, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer)
    return extend(Draft202012Validator, type_checker=checker)  # type: ignore[no-untyped-call]


def write_document(path: Path, kind: Kind, content: Mapping[str, Any]) -> dict[str, Any]:
    """Write a document atomically, sealed by the hash of its content; give what was written.

        write_document(Path("latest.json"), LATEST, {"runs": []})

    Raises `GraphError` for content that its schema does not admit: what is written can be read.
    """
    sealed = seal_content(path, kind, content)
    write_json(path, sealed)
    return sealed


def seal_content(path: Path, kind: Kind, content: Mapping[str, Any]) -> dict[str, Any]:
    """Give the content as a document, checked and with its hash, without writing it."""
    whole = {"format": kind.format, "version": kind.version, **content}
    # Tuples become lists here as they do in the file, so that the hash is that of what is read.
    whole = json.loads(canonical(path, whole))
    check_schema(path, kind, whole)
    return {**whole, "hash": _digest(canonical(path, whole))}


def read_document(path: Path, kind: Kind) -> dict[str, Any]:
    """Read a document, checking its format, its version, its hash and its content.

    Raises `GraphError` that names the file and the place in it, for a missing file too.
    """
    found = peek(path, kind.most_bytes)
    if found is None:
        raise GraphError(
            f"{path}: no such file, so {path.parent} holds no finished {kind.format}; "
            f"it is made by {kind.made_by}"
        )
    if not isinstance(found, dict) or found.get("format") != kind.format:
        got = found.get("format") if isinstance(found, dict) else type(found).__name__
        raise GraphError(
            f"{path}: got the format {_shown(got)}, expected {kind.format!r}, "
            f"which is made by {kind.made_by}"
        )
    version = found.get("version")
    if version != kind.version or isinstance(version, bool):
        raise GraphError(
            f"{path}: got version {_shown(version)} of {kind.format}, expected {kind.version}; "
            f"make it again by {kind.made_by}, or read it with the version of this package that "
            "wrote it"
        )
    whole = {key: value for key, value in found.items() if key != "hash"}
    if _digest(canonical(path, whole)) != found.get("hash"):
        raise GraphError(
            f"{path}: the content does not match its hash, so the file was changed or damaged; "
            f"fetch it again, or make it again by {kind.made_by}"
        )
    check_schema(path, kind, whole)
    return found


def peek(path: Path, most_bytes: int = MAX_BYTES) -> Any:
    """Read a JSON file of bounded size, unchecked; None where there is no such file."""
    if not path.exists() and not path.is_symlink():
        return None
    check_file(path)
    if not within(path.parent, path):
        raise GraphError(
            f"{path}: leads out of {path.parent}, and a folder is read only inside itself; put "
            "the file in its place (with DVC, use `cache.type` reflink, hardlink or copy)"
        )
    try:
        size = os.path.getsize(path)
        if size > most_bytes:
            raise GraphError(
                f"{path}: got {size} bytes, expected at most {most_bytes}; is it a file of ours?"
            )
        data = path.read_bytes()
        # No JSON has such a byte, and to find that out as JSON takes long.
        if b"\0" in data:
            raise GraphError(f"{path}: not readable as JSON: it has bytes that are no text")
        return json.loads(data, parse_constant=_refuse)
    except OSError as error:
        raise GraphError(f"{path}: cannot be read ({error.strerror}); check the file") from None
    except (ValueError, RecursionError) as error:
        words = "it nests too deep" if isinstance(error, RecursionError) else str(error)
        raise GraphError(f"{path}: not readable as JSON: {words[:_SHOWN]}") from None


def within(folder: Path, path: Path) -> bool:
    """Say whether a path stays inside a folder, wherever its links lead."""
    place = os.path.realpath(folder)
    return os.path.commonpath([place, os.path.realpath(path)]) == place


def canonical(path: Path, content: Mapping[str, Any]) -> str:
    """Give the one text of some plain data, of which the hash is taken."""
    try:
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise GraphError(f"{path}: the content is no plain JSON: {str(error)[:_SHOWN]}") from None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def check_schema(path: Path, kind: Kind, whole: Any) -> None:
    """Raise `GraphError` with the file and the place for content that a schema does not admit."""
    content = whole
    if isinstance(whole, Mapping):
        content = {key: value for key, value in whole.items() if key not in _OWN}
        content |= {key: [] for key, fits in kind.quick.items() if fits(content.get(key))}
    try:
        error = next(kind.validator.iter_errors(content), None)
    except RecursionError:
        raise GraphError(f"{path}: it nests too deep") from None
    if error is not None:
        raise GraphError(f"{path}: {_place(error)}{_words(error)}")


def _place(error: ValidationError) -> str:
    parts = [f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path]
    return f"{''.join(parts).lstrip('.')[:_SHOWN]}: " if parts else ""


def _words(error: ValidationError) -> str:
    expected = f"{error.validator} {_shown(error.validator_value)}"
    if error.validator == "required":
        wanted: Any = error.validator_value
        instance: Any = error.instance
        missing = [name for name in wanted if name not in instance]
        return f"`{', '.join(missing)}` is missing"
    if error.validator == "additionalProperties":
        return error.message[:_SHOWN]
    return f"got {_shown(error.instance)}, expected {expected}"


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
