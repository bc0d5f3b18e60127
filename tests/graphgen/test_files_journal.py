from __future__ import annotations

import errno
import os
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgen.errors import GraphError
from graphgen.files import Journal

RECORDS = [b"", b"a", b"second" * 9, bytes(range(256))]
FRAME_BYTES = 44


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def written(path: Path, records: list[bytes]) -> bytes:
    path.unlink(missing_ok=True)
    with Journal(path) as journal:
        for record in records:
            journal.append(record)
    return path.read_bytes()


def boundaries(records: list[bytes]) -> list[int]:
    ends = [8]
    for record in records:
        ends.append(ends[-1] + FRAME_BYTES + len(record))
    return ends


def test_records_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path) as journal:
        assert journal.records() == []
        for i, record in enumerate(RECORDS):
            journal.append(record)
            assert journal.records() == RECORDS[: i + 1]
            assert len(journal) == i + 1
    with Journal(str(path)) as journal:
        assert journal.records() == RECORDS
        assert journal.dropped_bytes == 0
        journal.append(memoryview(b"one more"))
        journal.append(bytearray(b"another"))
    with Journal(path) as journal:
        assert journal.records() == [*RECORDS, b"one more", b"another"]
    assert path.stat().st_size == boundaries([*RECORDS, b"one more", b"another"])[-1]


def test_an_append_is_on_the_disk_when_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    write, fsync = os.write, os.fsync
    with Journal(tmp_path / "j") as journal:

        def recorded_write(*arguments: Any) -> int:
            calls.append("write")
            return write(*arguments)

        def recorded_fsync(descriptor: int) -> None:
            calls.append("fsync")
            fsync(descriptor)

        monkeypatch.setattr(os, "write", recorded_write)
        monkeypatch.setattr(os, "fsync", recorded_fsync)
        journal.append(b"x")
    assert "write" in calls
    assert calls[-1] == "fsync"


@pytest.mark.usefixtures("quick")
def test_every_truncation_keeps_the_whole_records(folder: Path) -> None:
    path = folder / "cut"
    data = written(path, RECORDS)
    ends = boundaries(RECORDS)
    assert ends[-1] == len(data)
    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        whole = sum(end <= cut for end in ends[1:])
        kept = ends[whole] if cut >= 8 else 0
        with Journal(path) as journal:
            assert journal.records() == RECORDS[:whole]
            assert journal.dropped_bytes == cut - kept
            journal.append(b"after")
        with Journal(path) as journal:
            assert journal.records() == [*RECORDS[:whole], b"after"]
            assert journal.dropped_bytes == 0


@pytest.mark.usefixtures("quick")
def test_every_flipped_byte_drops_its_record_and_what_follows(folder: Path) -> None:
    path = folder / "flipped"
    data = written(path, RECORDS)
    ends = boundaries(RECORDS)
    for position in range(len(data)):
        flipped = data[:position] + bytes([data[position] ^ 16]) + data[position + 1 :]
        path.write_bytes(flipped)
        if position < 8:
            with pytest.raises(GraphError, match="not a journal: found the first bytes"):
                Journal(path)
            assert path.read_bytes() == flipped
            continue
        whole = sum(end <= position for end in ends[1:])
        with Journal(path) as journal:
            assert journal.records() == RECORDS[:whole]
            assert journal.dropped_bytes == len(data) - ends[whole]
        assert path.read_bytes() == data[: ends[whole]]


def test_control_frames_without_a_checksum_give_wrong_records() -> None:
    data = b"".join(struct.pack("<Q", len(record)) + record for record in RECORDS)
    wrong = 0
    for position in range(len(data)):
        flipped = data[:position] + bytes([data[position] ^ 16]) + data[position + 1 :]
        found, start = [], 0
        while start + 8 <= len(flipped):
            (length,) = struct.unpack_from("<Q", flipped, start)
            if length > len(flipped) - start - 8:
                break
            found.append(flipped[start + 8 : start + 8 + length])
            start += 8 + length
        wrong += found != RECORDS[: len(found)]
    assert wrong > 256


@given(
    records=st.lists(st.binary(max_size=60), max_size=4),
    tail=st.binary(max_size=200) | st.binary(max_size=60).map(lambda b: b"FRAM" + b),
)
@settings(max_examples=60, deadline=None)
def test_any_tail_is_dropped(folder: Path, records: list[bytes], tail: bytes) -> None:
    path = folder / "tail"
    data = written(path, records)
    path.write_bytes(data + tail)
    with Journal(path) as journal:
        assert journal.records() == records
        assert journal.dropped_bytes == len(tail)
    assert path.read_bytes() == data


def test_a_frame_longer_than_a_read_is_checked_to_its_end(folder: Path) -> None:
    path = folder / "long"
    record = os.urandom(1 << 20) * 40
    data = bytearray(written(path, [record, b"next"]))
    with Journal(path) as journal:
        assert journal.records() == [record, b"next"]
    data[8 + FRAME_BYTES + len(record) - 1] ^= 1
    path.write_bytes(data)
    with Journal(path) as journal:
        assert journal.records() == []


@pytest.mark.parametrize("content", [b"\0" * 8, b"PK\3\4", b"x", b"a text file\n" * 9])
def test_other_files_are_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(GraphError, match="other: not a journal") as caught:
        Journal(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="cannot be opened as a journal"):
        Journal(tmp_path)
    with pytest.raises(GraphError, match="is not an existing folder"):
        Journal(tmp_path / "missing" / "j")
    journal = Journal(tmp_path / "j")
    journal.close()
    journal.close()
    with pytest.raises(GraphError, match="the journal is closed"):
        journal.append(b"")


@pytest.mark.parametrize("written_bytes", [0, 10, FRAME_BYTES, FRAME_BYTES + 3])
@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_a_failing_append_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException], written_bytes: int
) -> None:
    path = tmp_path / "j"
    write = os.write
    left = written_bytes

    def failing(descriptor: int, data: Any) -> int:
        nonlocal left
        if left == 0:
            raise kind(errno.ENOSPC, "No space left on device")
        count = write(descriptor, memoryview(data)[:left])
        left -= count
        return count

    with Journal(path) as journal:
        journal.append(b"first")
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", failing)
            with pytest.raises(kind) as caught:
                journal.append(b"second")
        assert kind is not OSError or str(path) in str(caught.value)
        assert path.stat().st_size == boundaries([b"first"])[-1]
        journal.append(b"third")
        assert journal.records() == [b"first", b"third"]
    with Journal(path) as journal:
        assert journal.records() == [b"first", b"third"]
        assert journal.dropped_bytes == 0
