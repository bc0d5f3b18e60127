"""The identity of a zoo: the settings, the code and the way that it is made by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pipelines.errors import PipelineError

_DIFFERENCES = 5
_WORDS = {
    "code": "made by other code",
    "how": "made in another way",
    "with": "begun with other versions",
}
_ADVICE = (
    "Name another folder, {}or pass `--replace` (in Python `replace=True`) to put the new zoo in "
    "its place once it is whole."
)


class StoredSettings(Protocol):
    """What a store has to know of the settings that a zoo is made by."""

    @property
    def records(self) -> int:
        """The number of records, one for each network or each of its checkpoints."""

    @property
    def networks_per_shard(self) -> int:
        """How many of them are in a shard; there may be fewer in the last one."""

    def plain(self) -> dict[str, Any]:
        """Give the settings as plain data: two zoos of equal ones are equal."""


class OtherZooError(PipelineError):
    """The folder holds a zoo that cannot be gone on with; nothing but to replace it is left."""


def check_identity(
    folder: Path, found: Mapping[str, Any], wanted: Mapping[str, Any], finished: bool
) -> None:
    """Raise `OtherZooError` unless the zoo of a folder is the one that is wanted.

    Both are its `zoo`, the settings, and its `made`: by which `code`, `how`, and `with` which
    versions. These have to be the same within a zoo, so they count until it is finished.
    """
    if lines := differences(found["zoo"], wanted["zoo"], "zoo"):
        raise refusal(folder, "of other settings", lines, "restore those settings, ")
    there, now = found.get("made") or {}, wanted["made"]
    for name in ("code", "how") if finished else ("code", "how", "with"):
        if lines := differences(there.get(name, ...), now[name], name):
            raise refusal(folder, _WORDS[name], lines, "restore that, ")


def refusal(folder: Path, what: str, lines: list[str], restore: str) -> OtherZooError:
    """Give the error for a zoo that differs from the one that is wanted."""
    more = [f"and {len(lines) - _DIFFERENCES} more"] if len(lines) > _DIFFERENCES else []
    shown = "\n  ".join(lines[:_DIFFERENCES] + more)
    return OtherZooError(f"{folder}: holds a zoo {what}:\n  {shown}\n{_ADVICE.format(restore)}")


def unusable(error: Exception) -> OtherZooError:
    """Give the error for a zoo of which a part cannot be used."""
    return OtherZooError(f"{error}\n{_ADVICE.format('restore the file, ')}")


def encode(data: Any) -> bytes:
    """Give plain data as JSON, the same bytes for equal data."""
    return json.dumps(data, sort_keys=True, allow_nan=False).encode()


def differences(found: Any, wanted: Any, path: str) -> list[str]:
    """Say where two trees of plain data differ."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        keys: list[Any] = sorted(found.keys() | wanted.keys())
        pairs = [(key, found.get(key, ...), wanted.get(key, ...)) for key in keys]
    elif isinstance(found, list | tuple) and isinstance(wanted, list | tuple):
        if len(found) == len(wanted):
            pairs = list(zip(range(len(found)), found, wanted, strict=True))
        else:
            return [_line(path, found, wanted)]
    elif found is not ... and wanted is not ... and encode(found) == encode(wanted):
        return []
    else:
        return [_line(path, found, wanted)]
    return [line for key, a, b in pairs for line in differences(a, b, f"{path}.{key}")]


def _line(path: str, found: Any, wanted: Any) -> str:
    return f"{path}: {_shown(found)} there, {_shown(wanted)} now"


def _shown(value: Any) -> str:
    if value is ...:
        return "nothing"
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
