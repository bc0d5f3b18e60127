from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FULL_DISK = """
import errno, os, sys
import numpy as np
from graphgen.files import Journal, write_bytes, write_json, write_shard, write_weights
folder = sys.argv[1]
if len(sys.argv) > 2:
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
big = np.ones(30000)
writes = {
    "a.bin": lambda path: write_bytes(path, big.tobytes()),
    "a.json": lambda path: write_json(path, big.tolist()),
    "a.safetensors": lambda path: write_weights(path, {"w": big}),
    "a.npz": lambda path: write_weights(path, {"w": big}),
    "s.safetensors": lambda path: write_shard(path, {"w": [big, big]}, {}),
}
for name, write in writes.items():
    path = os.path.join(folder, name)
    open(path, "wb").write(b"old")
    try:
        write(path)
        print("no error", name)
    except OSError as error:
        assert error.errno in (errno.ENOSPC, errno.EFBIG), error
    assert open(path, "rb").read() == b"old", name
with Journal(os.path.join(folder, "j")) as journal:
    journal.append(b"first")
    try:
        journal.append(big.tobytes())
        print("no error journal")
    except OSError as error:
        assert error.errno in (errno.ENOSPC, errno.EFBIG), error
    journal.append(b"second")
with Journal(os.path.join(folder, "j")) as journal:
    assert journal.records() == [b"first", b"second"] and journal.dropped_bytes == 0
assert sorted(os.listdir(folder)) == sorted([*writes, "j"]), os.listdir(folder)
print("done")
"""


def test_a_file_size_limit_leaves_the_old_files(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path), "limit"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.stdout == "done\n", result.stdout + result.stderr


def test_a_full_disk_leaves_the_old_files(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=128k none {tmp_path}"
    private = ["unshare", "-rm", "sh", "-c"]
    probe = [*private, mount] if shutil.which("unshare") else ["false"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("a private tmpfs cannot be mounted here")
    command = [*private, mount + ' && exec "$0" "$@"', sys.executable, "-c", FULL_DISK]
    result = subprocess.run(
        [*command, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert result.stdout == "done\n", result.stdout + result.stderr


def test_control_the_limit_is_not_hit_by_small_writes(tmp_path: Path) -> None:
    script = FULL_DISK.replace("30000", "3")
    command = [sys.executable, "-c", script, str(tmp_path), "limit"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert "no error a.bin" in result.stdout
