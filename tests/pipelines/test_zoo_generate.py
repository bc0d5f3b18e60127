"""Zoos from end to end: the same networks on any number of workers, through every interruption."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from graphgen import GraphError
from graphgen.files import Journal, exclusive, pack
from pipelines import PipelineError, datasets
from pipelines.zoo import generate, open_zoo, read_networks
from pipelines.zoo.fit import fit
from pipelines.zoo.record import weights_hash
from pipelines.zoo.sampling import plan
from pipelines.zoo.settings import read_settings
from pipelines.zoo.store import Store
from pipelines.zoo.task import _prepare

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from pipelines.zoo.generate import generate
from pipelines.zoo.store import Store

add = Store.add
def told(self, encoded):
    add(self, encoded)
    from pipelines.zoo.record import Record
    print(Record.decode(encoded).about["index"], flush=True)
Store.add = told
if __name__ == "__main__":
    print(generate(sys.argv[1], sys.argv[2], int(sys.argv[3]))["hash"])
"""


def test_one_worker_and_two_make_the_same_zoo(
    write_zoo: Callable[..., Path], small_zoo: Path, tmp_path: Path
) -> None:
    first = generate(write_zoo(), tmp_path / "one", workers=1)
    assert first == open_zoo(small_zoo)
    names = sorted(path.name for path in small_zoo.iterdir())
    assert names == ["index.json", *(f"shard-0000{i}.safetensors" for i in range(3))]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (small_zoo / name).read_bytes()


def test_control_another_seed_makes_another_zoo(
    write_zoo: Callable[..., Path], small_zoo: Path, tmp_path: Path
) -> None:
    index, other = open_zoo(small_zoo), generate(write_zoo(seed=1), tmp_path / "zoo", workers=2)
    assert other["hash"] != index["hash"]
    one, two = ({row["sha256"] for row in zoo["networks"]} for zoo in (index, other))
    assert not one & two


def test_networks_are_read_as_they_were_trained(small_zoo: Path) -> None:
    index, settings = open_zoo(small_zoo), read_settings(small_zoo.parent / "params.yaml")
    assert index["zoo"] == settings.plain()
    _, dataset = _prepare(json.dumps(settings.plain()))
    networks = list(read_networks(small_zoo))
    assert len(networks) == 8
    for i, (net, weights, record) in enumerate(networks):
        planned = plan(settings, i)
        fitted = fit(planned, dataset)
        assert net.hash == planned.net.hash == record["architecture"]
        assert record == index["networks"][i]
        assert (record["index"], record["status"]) == (i, "trained")
        assert record["metrics"] == fitted.metrics
        assert record["training"] == planned.training
        assert record["variables"] == planned.variables
        assert record["parameters"] == sum(weights[name].size for name in net.parameters)
        assert record["sha256"] == weights_hash(pack(net.tensors.values(), weights))
        assert {name: array.tobytes() for name, array in weights.items()} == {
            name: array.tobytes() for name, array in fitted.weights.items()
        }
        assert [w.shape for w in weights.values()] == [t.shape for t in net.tensors.values()]


def test_a_damaged_shard_is_refused_by_readers(small_zoo: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(small_zoo, tmp_path / "zoo")
    shard = folder / "shard-00001.safetensors"
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    networks = read_networks(folder)
    for _ in range(3):
        next(networks)
    with pytest.raises(GraphError, match=r"shard-00001.safetensors: changed or damaged"):
        next(networks)


def test_a_finished_zoo_is_left_alone_and_a_damaged_one_mended(
    write_zoo: Callable[..., Path],
    small_zoo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    index, settings = open_zoo(small_zoo), write_zoo()
    folder = shutil.copytree(small_zoo, tmp_path / "zoo")
    added = []
    real = Store.add
    monkeypatch.setattr(Store, "add", lambda self, data: (added.append(1), real(self, data)))
    times = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert generate(settings, folder) == index
    assert added == []
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == times
    capsys.readouterr()
    (folder / "shard-00002.safetensors").write_bytes(b"")
    assert generate(settings, folder) == index
    assert len(added) == 2
    assert f"{folder / 'shard-00002.safetensors'}: found 0 bytes" in capsys.readouterr().err


def test_diverged_networks_stay_in_the_zoo(write_zoo: Callable[..., Path], tmp_path: Path) -> None:
    training = {"optimizer": "sgd", "learning_rate": {"choice": [1e-3, 1e30]}, "epochs": 3}
    index = generate(write_zoo(training=training), tmp_path / "zoo", workers=2)
    diverged = [row["status"] == "diverged" for row in index["networks"]]
    wild = [row["training"]["learning_rate"] > 1 for row in index["networks"]]
    assert diverged == wild
    assert any(diverged)
    assert not all(diverged)
    for _, weights, record in read_networks(tmp_path / "zoo"):
        finite = all(np.isfinite(array).all() for array in weights.values())
        if record["status"] == "trained":
            assert finite
            assert all(value is not None for value in record["metrics"].values())
        else:
            assert record["metrics"]["train_loss"] is None or record["metrics"]["train_loss"] > 1e3
    again = generate(tmp_path / "params.yaml", tmp_path / "again", workers=1)
    assert again["hash"] == index["hash"]


def test_a_second_run_at_once_is_refused(write_zoo: Callable[..., Path], tmp_path: Path) -> None:
    settings, folder = write_zoo(count=1), tmp_path / "zoo"
    folder.mkdir()
    with exclusive(folder), pytest.raises(GraphError, match=f"{folder}: in use by process"):
        generate(settings, folder)
    generate(settings, folder)


def test_a_full_disk_is_reported_and_survived(
    write_zoo: Callable[..., Path],
    small_zoo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, folder = write_zoo(), tmp_path / "zoo"
    real, room = os.write, 14000

    def write(descriptor: int, data: bytes) -> int:
        nonlocal room
        if os.readlink(f"/proc/self/fd/{descriptor}").endswith(".journal"):
            room -= len(data)
            if room < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        with pytest.raises(PipelineError, match=r"zoo/.*: No space left on device; what is fin"):
            generate(settings, folder, workers=2)
    with Journal(next(folder.glob("shard-*.journal"))) as journal:
        assert len(journal.records()) >= 1
    assert generate(settings, folder, workers=2) == open_zoo(small_zoo)


@pytest.mark.parametrize("workers", [0, -1])
def test_a_zoo_needs_a_worker(write_zoo: Callable[..., Path], tmp_path: Path, workers: int) -> None:
    with pytest.raises(PipelineError, match=f"`workers` is {workers}; expected 1 or more"):
        generate(write_zoo(), tmp_path / "zoo", workers=workers)
    assert not (tmp_path / "zoo").exists()


def test_a_network_whose_worker_dies_is_trained_again(
    write_zoo: Callable[..., Path],
    small_zoo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    killed = []
    real = Store.add

    def add(store: Store, encoded: bytes) -> None:
        real(store, encoded)
        others = [w for w in multiprocessing.active_children() if w.pid not in killed]
        if others and len(killed) < 3:
            others[0].kill()
            killed.append(others[0].pid)

    monkeypatch.setattr(Store, "add", add)
    assert generate(write_zoo(), tmp_path / "zoo", workers=2) == open_zoo(small_zoo)
    assert len(killed) >= 2


def test_data_sets_are_cut_to_their_first_images(write_zoo: Callable[..., Path]) -> None:
    settings = read_settings(write_zoo())
    _, cut = _prepare(json.dumps(settings.plain()))
    whole = datasets.load("digits")
    np.testing.assert_array_equal(cut.train_images, whole.train_images[:120])
    np.testing.assert_array_equal(cut.test_labels, whole.test_labels[:60])


def processes_of(mark: str) -> list[int]:
    """List the processes that have `mark` in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGINT)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
@pytest.mark.parametrize(
    "interruptions", [SIGNALS, pytest.param((signal.SIGKILL,) * 100, marks=pytest.mark.long)]
)
def test_interrupted_runs_lose_nothing_repeat_nothing_and_leave_no_process(
    write_zoo: Callable[..., Path], tmp_path: Path, interruptions: tuple[signal.Signals, ...]
) -> None:
    # Trainings of about 0.1 s: four interruptions come after 16 networks at most.
    training = {"epochs": 4, "batch_size": 8, "train_fraction": 1.0}
    count = 10 * len(interruptions)
    settings = write_zoo(count=count, networks_per_shard=3, train_samples=250, training=training)
    (tmp_path / "run.py").write_text(SCRIPT)
    mark, folder = f"MARK={uuid.uuid4()}", tmp_path / "zoo"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MARK": mark.removeprefix("MARK=")}
    rng, added = random.Random(0), Counter[int]()
    for interruption in (*interruptions, None):
        run = subprocess.Popen(
            [sys.executable, str(tmp_path / "run.py"), str(settings), str(folder), "2"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            # A background job of a script ignores interrupts, and so would what it starts.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        assert run.stdout is not None
        assert run.stderr is not None
        if interruption is not None:
            # Counted in networks, not in seconds: no machine is so fast that the run is over.
            for _ in range(rng.randint(1, 4)):
                line = run.stdout.readline()
                assert line, f"the run ended too early: {run.communicate()[1]}"
                added[int(line)] += 1
            time.sleep(rng.uniform(0, 0.05))
            # The run itself, two helpers of multiprocessing and a worker; the other worker may be
            # on its way still.
            assert len(processes_of(mark)) >= 3
            run.send_signal(interruption)
        try:
            # The last run has most of the networks to train.
            out, err = run.communicate(timeout=60 if interruption else max(60, count))
        finally:
            run.kill()
            run.wait()
            run.stdout.close()
            run.stderr.close()
        lines = out.splitlines()
        added.update(int(line) for line in lines if len(line) < 4)
        deadline = time.monotonic() + 10
        while processes_of(mark) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert processes_of(mark) == []
        if interruption is None:
            assert run.returncode == 0, err
            continue
        codes = {signal.SIGTERM: 143, signal.SIGINT: -signal.SIGINT, signal.SIGKILL: -9}
        assert run.returncode == codes[interruption], err
        assert (folder / ".lock").exists() == (interruption == signal.SIGKILL)
        assert not (folder / "index.json").exists()
        assert "Process" not in err
    # Killed between the disk and the print, a network may be there without having been told of.
    assert max(added.values()) == 1
    assert count - len(interruptions) <= sum(added.values()) <= count
    undisturbed = generate(settings, tmp_path / "undisturbed", workers=1)
    assert lines[-1] == undisturbed["hash"] == open_zoo(folder)["hash"]
