"""The store of a zoo: a folder that can be left and taken up again at any moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from graphgen.errors import GraphError
from graphgen.files import (
    Journal,
    Shard,
    read_document,
    remove_leftovers,
    write_document,
    write_rows,
)
from pipelines.errors import PipelineError
from pipelines.zoo.index import INDEX, ZOO
from pipelines.zoo.record import Record

PROGRESS = "progress.journal"
_DIFFERENCES = 5


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


class Store:
    """The folder of one zoo, opened for work by the only process that may; see `exclusive`.

        with Store(Path("out/zoo"), settings, print) as store:
            for index in store.missing():
                store.add(train(..., index))
            index = store.finish()

    While a shard is being filled, its networks stand in a journal `shard-<number>.journal`, each
    safe once `add` returns. A full shard is written as `shard-<number>.safetensors`, and what the
    index will say of it goes to `progress.journal`, whose first record holds the settings. At the
    end `index.json` takes the place of that journal. Opening resumes from whatever is there:
    damaged shards are reported by `say`, and their networks are missing again.

    Raises `PipelineError` for a folder that holds something else, or a zoo of other settings.
    """

    def __init__(self, folder: Path, settings: StoredSettings, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.settings = settings
        self.index: dict[str, Any] | None = None
        self._say = say
        self._progress: Journal | None = None
        self._full: dict[int, dict[str, Any]] = {}
        self._open: dict[int, tuple[Journal, dict[int, Record]]] = {}
        remove_leftovers(folder)
        if (folder / INDEX).exists():
            self._reopen()
        if self.index is None:
            self._resume()

    def missing(self) -> list[int]:
        """List the networks that are not there yet, in order."""
        if self.index is not None:
            return []
        there = {i for number in self._full for i in self._members(number)}
        there |= {i for _, records in self._open.values() for i in records}
        return [i for i in range(self.settings.records) if i not in there]

    def add(self, encoded: bytes) -> None:
        """Keep an encoded `Record`: it is safe when this returns."""
        record = Record.decode(encoded)
        index = record.about["index"]
        number = index // self.settings.networks_per_shard
        if number not in self._open:
            self._open[number] = (Journal(self._path(number, "journal")), {})
        journal, records = self._open[number]
        if index in records:
            raise PipelineError(f"{self.folder}: network {index} is there already")
        journal.append(encoded)
        records[index] = record
        self._write_if_full(number)

    def finish(self) -> dict[str, Any]:
        """Write the index of a zoo that lacks nothing, and give it."""
        if self.index is not None:
            return self.index
        numbers = sorted(self._full)
        if missing := self.missing():
            raise PipelineError(f"{self.folder}: {len(missing)} networks are still missing")
        content = {
            "zoo": self.settings.plain(),
            "architectures": {
                key: {"resolved": resolved}
                for number in numbers
                for key, resolved in self._full[number]["architectures"].items()
            },
            "shards": [self._full[number]["shard"] for number in numbers],
            "networks": [row for number in numbers for row in self._full[number]["networks"]],
        }
        self.index = write_document(self.folder / INDEX, ZOO, content)
        (self.folder / PROGRESS).unlink()
        return self.index

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        for journal in (self._progress, *(journal for journal, _ in self._open.values())):
            if journal is not None:
                journal.close()

    def _path(self, number: int, suffix: str) -> Path:
        return self.folder / f"shard-{number:05d}.{suffix}"

    def _members(self, number: int) -> range:
        size = self.settings.networks_per_shard
        return range(number * size, min((number + 1) * size, self.settings.records))

    def _reopen(self) -> None:
        """Take up a finished zoo; one with damaged shards becomes an unfinished one."""
        index = read_document(self.folder / INDEX, ZOO)
        self._check_settings(index["zoo"])
        # An index next to it means that the end of the work, or the code below, was interrupted.
        (self.folder / PROGRESS).unlink(missing_ok=True)
        entries = [self._entry(index, number) for number in range(len(index["shards"]))]
        intact = [entry for entry in entries if self._verify(entry["shard"])]
        if len(intact) == len(entries):
            self.index = index
            return
        with Journal(self.folder / PROGRESS) as progress:
            progress.append(_encode({"zoo": index["zoo"]}))
            for entry in intact:
                progress.append(_encode(entry))
        (self.folder / INDEX).unlink()

    def _entry(self, index: Mapping[str, Any], number: int) -> dict[str, Any]:
        rows = [row for row in index["networks"] if row["shard"] == number]
        hashes = dict.fromkeys(row["architecture"] for row in rows)
        return {
            "number": number,
            "shard": index["shards"][number],
            "networks": rows,
            "architectures": {key: index["architectures"][key]["resolved"] for key in hashes},
        }

    def _resume(self) -> None:
        """Take up an unfinished zoo, or begin one."""
        begun = sorted(path.name for path in self.folder.glob("shard-*"))
        if begun and not (self.folder / PROGRESS).exists():
            raise PipelineError(
                f"{self.folder}: found {begun[0]}, but no record of the settings it was made by; "
                "name another folder, or remove this one"
            )
        self._progress = progress = Journal(self.folder / PROGRESS)
        records = [json.loads(record) for record in progress.records()]
        if records:
            self._check_settings(records[0]["zoo"])
        elif begun:
            raise PipelineError(
                f"{self.folder / PROGRESS}: damaged, so the settings that {begun[0]} was made by "
                "are not known; name another folder, or remove this one"
            )
        else:
            progress.append(_encode({"zoo": self.settings.plain()}))
        for number, entry in {entry["number"]: entry for entry in records[1:]}.items():
            if self._verify(entry["shard"]):
                self._full[number] = entry
        for path in sorted(self.folder.glob("shard-*.journal")):
            self._take_up(path, int(path.stem.removeprefix("shard-")))

    def _take_up(self, path: Path, number: int) -> None:
        """Read the journal of a shard; one that was left behind by a full shard is removed."""
        if number in self._full:
            path.unlink()
            return
        journal = Journal(path)
        records = [Record.decode(record) for record in journal.records()]
        self._open[number] = (journal, {record.about["index"]: record for record in records})
        self._write_if_full(number)

    def _write_if_full(self, number: int) -> None:
        journal, records = self._open[number]
        members = self._members(number)
        if len(records) < len(members):
            return
        full = [records[i] for i in members]
        path = self._path(number, "safetensors")
        sha256 = write_rows(path, [record.columns for record in full])
        entry = {
            "number": number,
            "shard": {"file": path.name, "rows": len(full), "sha256": sha256},
            "networks": [
                {**record.about, "shard": number, "row": row} for row, record in enumerate(full)
            ],
            "architectures": {record.about["architecture"]: record.resolved for record in full},
        }
        if self._progress is not None:
            self._progress.append(_encode(entry))
        self._full[number] = entry
        del self._open[number]
        journal.close()
        journal.path.unlink()

    def _verify(self, shard: Mapping[str, Any]) -> bool:
        try:
            Shard(self.folder / shard["file"]).verify(shard["sha256"])
        except GraphError as error:
            self._say(f"{error}\nIts {shard['rows']} networks are made again.")
            return False
        return True

    def _check_settings(self, found: Any) -> None:
        wanted = self.settings.plain()
        if _encode(found) == _encode(wanted):
            return
        lines = list(_differences(found, wanted, "zoo"))
        more = [f"and {len(lines) - _DIFFERENCES} more"] if len(lines) > _DIFFERENCES else []
        raise PipelineError(
            f"{self.folder}: holds a zoo of other settings:\n  "
            + "\n  ".join(lines[:_DIFFERENCES] + more)
            + "\nName another folder, restore those settings, or remove the folder."
        )


def _encode(data: Any) -> bytes:
    return json.dumps(data, sort_keys=True, allow_nan=False).encode()


def _differences(found: Any, wanted: Any, path: str) -> list[str]:
    """Say where two trees of plain data differ."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        keys: list[Any] = sorted(found.keys() | wanted.keys())
        pairs = [(key, found.get(key, ...), wanted.get(key, ...)) for key in keys]
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        pairs = list(zip(range(len(found)), found, wanted, strict=True))
    elif found is not ... and wanted is not ... and _encode(found) == _encode(wanted):
        return []
    else:
        return [f"{path}: {_shown(found)} there, {_shown(wanted)} in the settings now"]
    return [line for key, a, b in pairs for line in _differences(a, b, f"{path}.{key}")]


def _shown(value: Any) -> str:
    if value is ...:
        return "nothing"
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
