"""The store of a zoo: a folder that can be left and taken up again at any moment."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.files import Journal, read_document, remove_leftovers, write_document, write_rows
from graphgen.files.destination import claim
from graphgen.files.document import check_schema
from graphgen.files.sealed import part_path
from graphgen.graph_set import open_shard, read_architecture
from pipelines.errors import PipelineError
from pipelines.zoo.consistency import check_depth, check_full, check_row, check_zoo
from pipelines.zoo.identity import StoredSettings, check_identity, encode, unusable
from pipelines.zoo.index import BEGUN, INDEX, ZOO
from pipelines.zoo.record import Record, decode_json
from pipelines.zoo.shards import number_of, own_shards, shard_path
from spec import Architecture

PROGRESS = "progress.journal"


class Store:
    """The folder of one zoo, opened for work by the only process that may; see `exclusive`.

        with Store(Path("out/zoo"), settings, made, print) as store:
            for index in store.missing():
                store.add(train(..., index))
            index = store.finish()

    While a shard is being filled, its networks stand in a journal `shard-<number>.journal`, each
    safe once `add` returns. A full shard is written as `shard-<number>.safetensors`, and what the
    index will say of it goes to `progress.journal`, whose first record holds the settings. At the
    end `index.json` takes the place of that journal. Both keep what the zoo was `made` by: its
    `code`, `how` and `with` which versions. Opening resumes from whatever is there: damaged shards
    are reported by `say`, and their networks are missing again.

    Raises `OtherZooError`, a `PipelineError`, for a folder that holds a zoo of other settings, one
    made otherwise, or one that cannot be read, and `PipelineError` or `GraphError` for anything
    else that is in its way.
    """

    def __init__(
        self,
        folder: Path,
        settings: StoredSettings,
        made: Mapping[str, Any],
        say: Callable[[str], None],
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.index: dict[str, Any] | None = None
        # As they will be read again: tuples are lists there.
        self._wanted = json.loads(encode({"zoo": settings.plain(), "made": made}))
        self._say = say
        self._progress: Journal | None = None
        self._full: dict[int, dict[str, Any]] = {}
        self._open: dict[int, tuple[Journal, dict[int, Record]]] = {}
        self._nets: dict[str, tuple[dict[str, Any], Architecture]] = {}
        try:
            remove_leftovers(folder)
            self._check_files()
            if (folder / INDEX).exists():
                self._reopen()
            if self.index is None:
                self._resume()
        except BaseException:
            self._close()
            raise

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
            self._open[number] = (Journal(shard_path(self.folder, number, "journal")), {})
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
            **self._wanted,
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
        self._close()
        if self.index is None and not own_shards(self.folder):
            # Nothing was made yet, and of that no record is needed.
            with contextlib.suppress(OSError):
                (self.folder / PROGRESS).unlink(missing_ok=True)

    def _close(self) -> None:
        for journal in (self._progress, *(journal for journal, _ in self._open.values())):
            if journal is not None:
                journal.close()

    def _check_files(self) -> None:
        """Refuse what is not a file where a file of a zoo is to be."""
        for name in (INDEX, PROGRESS, *(path.name for path in own_shards(self.folder))):
            path = self.folder / name
            if path.exists() and not path.is_file():
                kind = "a folder" if path.is_dir() else "no regular file"
                raise PipelineError(
                    f"{path}: is {kind}, where a zoo has a file; move it away, or name another "
                    "folder for the zoo"
                )

    def _members(self, number: int) -> range:
        size = self.settings.networks_per_shard
        return range(number * size, min((number + 1) * size, self.settings.records))

    def _reopen(self) -> None:
        """Take up a finished zoo; one with damaged shards becomes an unfinished one."""
        path = self.folder / INDEX
        claim(self.folder, INDEX, ZOO, replace=True)
        try:
            index = read_document(path, ZOO)
            check_depth(path, index)
            check_identity(self.folder, index, self._wanted, finished=True)
            check_zoo(path, index)
        except GraphError as error:
            raise unusable(error) from None
        entries = [self._entry(index, number) for number in range(len(index["shards"]))]
        intact = [entry for entry in entries if self._verify(entry["shard"])]
        if len(intact) == len(entries):
            # Next to an index, it means that the end of the work was interrupted.
            (self.folder / PROGRESS).unlink(missing_ok=True)
            self.index = index
            return
        check_identity(self.folder, index, self._wanted, finished=False)
        (self.folder / PROGRESS).unlink(missing_ok=True)
        with Journal(self.folder / PROGRESS) as progress:
            progress.append(encode(self._wanted))
            for entry in intact:
                progress.append(encode(entry))
        path.unlink()

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
        path = self.folder / PROGRESS
        begun = own_shards(self.folder)
        if begun and not path.exists():
            raise PipelineError(
                f"{self.folder}: found {begun[0].name}, but no record of the settings it was made "
                "by; name another folder, or remove this one"
            )
        self._progress = progress = Journal(path)
        try:
            records = [decode_json(record, path) for record in progress.records()]
            if records:
                check_schema(path, BEGUN, records[0])
                check_depth(path, records[0])
                check_identity(self.folder, records[0], self._wanted, finished=False)
            elif begun:
                raise GraphError(
                    f"{path}: damaged, so the settings that {begun[0].name} was made by are not "
                    "known"
                )
            else:
                progress.append(encode(self._wanted))
            for entry in records[1:]:
                check_full(path, self._wanted["zoo"], entry)
            for number, entry in {entry["number"]: entry for entry in records[1:]}.items():
                if self._verify(entry["shard"]):
                    self._full[number] = entry
            for shard in begun:
                if shard.suffix == ".journal":
                    self._take_up(shard, number_of(shard))
        except GraphError as error:
            raise unusable(error) from None

    def _take_up(self, path: Path, number: int) -> None:
        """Read the journal of a shard; one that was left behind by a full shard is removed."""
        if number in self._full:
            path.unlink()
            return
        members = self._members(number)
        if not members or path != shard_path(self.folder, number, "journal"):
            raise GraphError(f"{path}: the zoo has {self.settings.records} networks, and no such")
        journal = Journal(path)
        self._open[number] = (journal, {})
        for encoded in journal.records():
            record = Record.decode(encoded, path)
            index = record.about["index"]
            if index not in members:
                raise GraphError(
                    f"{path}: got network {index}, expected {members[0]} to {members[-1]}"
                )
            check_row(f"{path}: network {index}", self._wanted["zoo"], record.about)
            record.check(path, self._net(path, record))
            self._open[number][1][index] = record
        self._write_if_full(number)

    def _net(self, path: Path, record: Record) -> Architecture:
        """Read the architecture of a record, whose networks have few in common."""
        key = record.about["architecture"]
        if key not in self._nets:
            self._nets[key] = record.resolved, read_architecture(path, key, record.resolved)
        resolved, net = self._nets[key]
        if resolved != record.resolved:
            raise GraphError(f"{path}: got two architectures with the hash {key[:16]!r}")
        return net

    def _write_if_full(self, number: int) -> None:
        journal, records = self._open[number]
        members = self._members(number)
        if len(records) < len(members):
            return
        full = [records[i] for i in members]
        path = shard_path(self.folder, number)
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
            self._progress.append(encode(entry))
        self._full[number] = entry
        del self._open[number]
        journal.close()
        journal.path.unlink()

    def _verify(self, shard: Mapping[str, Any]) -> bool:
        # A link out of the folder is nothing that making networks again would mend.
        part_path(self.folder, shard["file"], shard["sha256"])
        try:
            open_shard(self.folder, shard)
        except GraphError as error:
            self._say(f"{error}\nIts {shard['rows']} networks are made again.")
            return False
        return True
