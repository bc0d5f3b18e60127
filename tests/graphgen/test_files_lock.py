from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphgen.errors import GraphError
from graphgen.files import exclusive

ROOT = Path(__file__).parents[2]

HOLD = """
import os, sys, time
from graphgen.files import exclusive
with exclusive(sys.argv[1]):
    {inside}
    print("held", flush=True)
    time.sleep(60)
"""

COUNT = """
import contextlib, sys, time
from pathlib import Path
from graphgen.errors import GraphError
from graphgen.files import exclusive
counter = Path(sys.argv[1], "counter")
lock = exclusive if sys.argv[2] == "lock" else contextlib.nullcontext
done = 0
print("ready", flush=True)
sys.stdin.readline()
while done < 40:
    try:
        with lock(sys.argv[1]):
            count = int(counter.read_text() or 0)
            time.sleep(0.001)
            counter.write_text(str(count + 1))
        done += 1
    except GraphError:
        time.sleep(0.0005)
"""


@contextlib.contextmanager
def holder(folder: Path, inside: str = "pass") -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(inside=inside), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    lines = []
    try:
        while (line := process.stdout.readline().strip()) != "held":
            assert line, "the holder ended early"
            lines.append(line)
        yield process, lines
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_lock_leaves_nothing_behind(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusive(tmp_path):
            assert (tmp_path / ".lock").read_text().split()[0] == str(os.getpid())
        assert os.listdir(tmp_path) == []
    with pytest.raises(KeyboardInterrupt), exclusive(str(tmp_path)):
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_a_second_holder_is_told_at_once(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, _):
        begin = time.perf_counter()
        with pytest.raises(GraphError, match=f"in use by process {process.pid} on ") as caught:
            exclusive(tmp_path).__enter__()
        assert time.perf_counter() - begin < 1
        assert str(tmp_path) in str(caught.value)
        assert (tmp_path / ".lock").exists()
    with exclusive(tmp_path), pytest.raises(GraphError, match=r"\(this process\)"):
        exclusive(tmp_path).__enter__()


def test_what_a_killed_holder_wrote_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("123456789 a-host-with-a-very-long-name and more\n" * 3)
    with exclusive(tmp_path):
        assert (tmp_path / ".lock").read_text() == f" {os.getpid()} {socket.gethostname()}\n"


def test_a_holder_without_a_number_is_still_a_holder(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        (tmp_path / ".lock").write_text("")
        with pytest.raises(GraphError, match="in use by another process"):
            exclusive(tmp_path).__enter__()


def test_a_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, _):
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (tmp_path / ".lock").exists()
        with exclusive(tmp_path):
            assert (tmp_path / ".lock").read_text().split()[0] == str(os.getpid())


FORK = """
started, start = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(1)
        os.write(start, b".")
        time.sleep(60)
    os.read(started, 1)
    print(child)
"""


def test_a_forked_worker_that_outlives_its_parent_does_not_keep_the_lock(tmp_path: Path) -> None:
    with holder(tmp_path, FORK.strip()) as (process, lines):
        child = int(lines[0])
        try:
            process.kill()
            process.wait()
            os.kill(child, 0)
            with exclusive(tmp_path):
                pass
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_forked_worker_that_leaves_the_block_does_not_free_the_lock(tmp_path: Path) -> None:
    leave = "child = os.fork()\n    if child == 0: break\n    assert os.waitpid(child, 0)[1] == 0"
    script = HOLD.format(inside=leave).replace("with exclusive", "for _ in [0]:\n  with exclusive")
    script = script.replace("\n    ", "\n      ")
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "held\n"
            with pytest.raises(GraphError, match=f"process {process.pid} "):
                exclusive(tmp_path).__enter__()
        finally:
            process.kill()


def test_removing_the_lock_file_by_hand_does_not_hurt_the_next_holder(tmp_path: Path) -> None:
    first = exclusive(tmp_path)
    first.__enter__()
    (tmp_path / ".lock").unlink()
    with exclusive(tmp_path):
        first.__exit__(None, None, None)
        assert (tmp_path / ".lock").exists()
        with pytest.raises(GraphError, match="this process"):
            exclusive(tmp_path).__enter__()


def count(folder: Path, kind: str) -> int:
    (folder / "counter").write_text("0")
    command = [sys.executable, "-c", COUNT, str(folder), kind]
    processes = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    # All begin together: one that started late would find the others done, and lose no count.
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
    codes = [process.returncode for process in processes]
    assert codes == [0, 0, 0]
    return int((folder / "counter").read_text())


def test_one_process_at_a_time(tmp_path: Path) -> None:
    assert count(tmp_path, "lock") == 120
    assert os.listdir(tmp_path) == ["counter"]


def test_control_without_the_lock_counts_get_lost(tmp_path: Path) -> None:
    # An empty read, between a truncation and its write, counts as 0.
    assert count(tmp_path, "none") < 120


def test_other_places_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for folder in (tmp_path / "missing", file):
        with pytest.raises(GraphError, match=r"cannot be locked .* existing folder") as caught:
            exclusive(folder).__enter__()
        assert str(folder) in str(caught.value)
