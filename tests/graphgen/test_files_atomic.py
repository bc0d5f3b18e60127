from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from graphgen.errors import GraphError
from graphgen.files import atomic_path, remove_leftovers, write_bytes, write_json, write_shard

ROOT = Path(__file__).parents[2]


def full_disk(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    with atomic_path(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".csv"
        temporary.write_text("a,b\n")
        assert not target.exists()
    assert target.read_text() == "a,b\n"
    assert os.listdir(tmp_path) == ["table.csv"]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("old", [None, b"old"])
def test_a_failing_block_changes_nothing(
    tmp_path: Path, error: type[BaseException], old: bytes | None
) -> None:
    target = tmp_path / "x.bin"
    if old is not None:
        target.write_bytes(old)

    def fail() -> None:
        with atomic_path(target) as temporary:
            temporary.write_bytes(b"new, but not")
            raise error

    with pytest.raises(error):
        fail()
    assert os.listdir(tmp_path) == ([] if old is None else ["x.bin"])
    assert old is None or target.read_bytes() == old


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failing_system_call_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    target = tmp_path / "x.bin"
    write_bytes(target, b"old")
    monkeypatch.setattr(os, call, full_disk)
    with pytest.raises(OSError, match=r"No space left on device.*x\.bin") as caught:
        write_bytes(target, b"new")
    assert caught.value.errno == errno.ENOSPC
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x.bin"]


def test_control_a_plain_write_loses_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "x.bin"
    target.write_bytes(b"old")
    with contextlib.suppress(KeyboardInterrupt), target.open("wb") as file:
        file.write(b"ne")
        raise KeyboardInterrupt
    assert target.read_bytes() == b"ne"


def test_the_data_are_on_the_disk_before_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def recorded_fsync(descriptor: int) -> None:
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        calls.append("fsync folder" if folder else f"fsync {os.fstat(descriptor).st_size} bytes")
        fsync(descriptor)

    def recorded_replace(source: Path, target: Path) -> None:
        calls.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    write_bytes(tmp_path / "x", b"12345")
    assert calls == ["fsync 5 bytes", "replace", "fsync folder"]


def test_long_names_links_and_permissions(tmp_path: Path) -> None:
    long = tmp_path / ("n" * 240 + ".json")
    write_json(long, {})
    assert long.read_text() == "{}\n"
    original = tmp_path / "original"
    original.write_bytes(b"original")
    link = tmp_path / "link"
    link.symlink_to(original)
    before = os.umask(0o027)
    try:
        write_bytes(link, b"new")
    finally:
        os.umask(before)
    assert not link.is_symlink()
    assert stat.S_IMODE(link.stat().st_mode) == 0o640
    assert original.read_bytes() == b"original"


def test_errors_name_the_folder(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"missing is not an existing folder; create it"):
        write_bytes(tmp_path / "missing" / "x", b"")
    with pytest.raises(GraphError, match="because it is a folder"):
        write_bytes(tmp_path, b"")


def test_json_is_canonical(tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    write_json(first, {"b": [1, 2.5, None, True], "a": {"é": "ü", "A": 1e-7}})
    write_json(second, {"a": {"A": 1e-7, "é": "ü"}, "b": (1, np.float64(2.5), None, True)})
    assert first.read_bytes() == second.read_bytes()
    text = first.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert "é" in text
    assert text.index('"a"') < text.index('"b"')
    assert json.loads(text) == {"b": [1, 2.5, None, True], "a": {"é": "ü", "A": 1e-7}}


CIRCULAR: list[object] = []
CIRCULAR.append(CIRCULAR)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"m": [0.0, {"r2": float("nan")}]}, r"at data\['m'\]\[1\]\['r2'\] is nan"),
        ([float("-inf")], r"at data\[0\] is -inf"),
        ({"a": np.int64(1)}, r"at data\['a'\] is of type int64"),
        ({"a": {1: 2}}, r"the key 1 at data\['a'\] is of type int"),
        ({"a": {2, 3}}, r"is of type set; expected a dict"),
        (CIRCULAR, "contain themselves"),
        (["\ud800"], "no valid Unicode"),
    ],
)
def test_json_refuses_what_it_cannot_hold(tmp_path: Path, data: object, message: str) -> None:
    target = tmp_path / "x.json"
    target.write_text("old")
    with pytest.raises(GraphError, match=message) as caught:
        write_json(target, data)
    assert str(target) in str(caught.value)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.json"]


def test_kill_leaves_a_whole_file_and_a_removable_temporary(tmp_path: Path) -> None:
    target = tmp_path / "x.bin"
    script = (
        "import itertools, sys\n"
        "from graphgen.files import write_bytes\n"
        "for i in itertools.count():\n"
        "    write_bytes(sys.argv[1], bytes([i % 256]) * 3_000_000)\n"
        "    print(i, flush=True)\n"
    )
    seen_temporary = False
    for attempt in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(target)], stdout=subprocess.PIPE, cwd=ROOT
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.002 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        data = target.read_bytes()
        assert len(data) == 3_000_000
        assert len(set(data)) == 1
        seen_temporary |= len(os.listdir(tmp_path)) > 1
    leftovers = remove_leftovers(tmp_path)
    assert bool(leftovers) == seen_temporary
    assert os.listdir(tmp_path) == ["x.bin"]


def test_leftovers_are_told_from_other_files(tmp_path: Path) -> None:
    kept = [".tmp-x", "x.tmp-0123456789abcdef", ".a.tmp-short", ".lock", "shard-00000.safetensors"]
    for name in [*kept, ".shard.tmp-0123456789abcdef.safetensors"]:
        (tmp_path / name).touch()
    assert remove_leftovers(tmp_path) == [".shard.tmp-0123456789abcdef.safetensors"]
    assert sorted(os.listdir(tmp_path)) == sorted(kept)


def test_a_shard_that_fails_midway_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_shard(tmp_path / "s.safetensors", {"w": [np.ones(3)]}, {})
    assert os.listdir(tmp_path) == []
