from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from graphgen.files import Journal

ROOT = Path(__file__).parents[2]

APPENDER = """
import itertools, sys
from graphgen.files import Journal
{open}
for i in itertools.count(int(sys.argv[2])):
    append(i.to_bytes(4, "little") * (1 + i % 50_000 * (i % 7 == 0)))
    print(i, flush=True)
"""


def killed_after(script: str, path: Path, start: int, lines: int) -> int:
    """Run `script`, kill it after `lines` acknowledged records, return how many those were."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path), str(start)], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    for _ in range(lines):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read()
    process.wait()
    process.stdout.close()
    return lines + rest.count(b"\n")


def test_killed_processes_lose_no_acknowledged_record(tmp_path: Path) -> None:
    path = tmp_path / "j"
    script = APPENDER.format(open="append = Journal(sys.argv[1]).append")
    total = 0
    for lines in (1, 7, 2, 12, 25):
        acknowledged = killed_after(script, path, total, lines)
        with Journal(path) as journal:
            records = journal.records()
        assert total + acknowledged <= len(records) <= total + acknowledged + 1
        for i, record in enumerate(records):
            assert record == i.to_bytes(4, "little") * (1 + i % 50_000 * (i % 7 == 0))
        total = len(records)


def test_control_a_buffered_file_loses_acknowledged_records(tmp_path: Path) -> None:
    path = tmp_path / "plain"
    script = APPENDER.format(open="append = open(sys.argv[1], 'ab', 1 << 28).write")
    acknowledged = killed_after(script, path, 0, 7)
    assert acknowledged >= 7
    assert path.stat().st_size == 0
