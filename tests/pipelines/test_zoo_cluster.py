"""Zoos on a Dask cluster: the same networks, though workers and schedulers are killed."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines import PipelineError
from pipelines.workers.cluster import Cluster
from pipelines.workers.pool import WorkerDied
from pipelines.zoo import generate, open_zoo
from pipelines.zoo.store import Store


class DaskProcesses:
    """A scheduler and two workers in processes of their own, as a user would start them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, []
        self.scheduler = self.start("scheduler", "--port", "0", "--no-dashboard")
        self.address = self.await_line("scheduler", "Scheduler at:").split()[-1]
        for number in range(2):
            self.add_worker(number)

    def start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{kind}{len(self.processes)}.log").open("wb")
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "dask", kind, *arguments]
        process = subprocess.Popen(command, stderr=log, stdout=log, env=environment)
        log.close()
        self.processes.append(process)
        return process

    def add_worker(self, number: int) -> subprocess.Popen[bytes]:
        return self.start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
            "--local-directory", str(self.folder / f"space{number}"),
        )  # fmt: skip

    def await_line(self, kind: str, text: str) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for log in self.folder.glob(f"{kind}*.log"):
                lines = [line for line in log.read_text().splitlines() if text in line]
                if lines:
                    return lines[0]
            time.sleep(0.05)
        raise AssertionError(f"no line with {text!r}")

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[DaskProcesses]:
    folder = tmp_path / "dask"
    folder.mkdir()
    processes = DaskProcesses(folder)
    try:
        yield processes
    finally:
        processes.close()


@pytest.mark.parametrize(
    ("kills", "count"), [(5, 8), pytest.param(100, 130, marks=pytest.mark.long)]
)
def test_a_cluster_makes_the_same_zoo_though_its_workers_are_killed(
    write_zoo: Callable[..., Path],
    tmp_path: Path,
    dask: DaskProcesses,
    monkeypatch: pytest.MonkeyPatch,
    kills: int,
    count: int,
) -> None:
    undisturbed = generate(write_zoo(count=count), tmp_path / "undisturbed", workers=1)
    rng, killed = random.Random(0), []
    real = Store.add

    def add(store: Store, encoded: bytes) -> None:
        real(store, encoded)
        if len(killed) < kills:
            worker = rng.choice([p for p in dask.processes[1:] if p.poll() is None])
            dask.add_worker(len(dask.processes))
            worker.kill()
            killed.append(worker.pid)

    monkeypatch.setattr(Store, "add", add)
    made = generate(write_zoo(count=count), tmp_path / "zoo", scheduler=dask.address)
    assert made == undisturbed
    assert len(killed) == kills
    assert all(p.poll() == -signal.SIGKILL for p in dask.processes if p.pid in killed)


def test_a_lost_scheduler_is_reported_and_nothing_is_lost(
    write_zoo: Callable[..., Path],
    small_zoo: Path,
    tmp_path: Path,
    dask: DaskProcesses,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, added = Store.add, []

    def add(store: Store, encoded: bytes) -> None:
        real(store, encoded)
        added.append(encoded)
        if len(added) == 3:
            dask.scheduler.kill()

    monkeypatch.setattr(Store, "add", add)
    with pytest.raises(PipelineError, match="the connection to the scheduler was lost; what is f"):
        generate(write_zoo(), tmp_path / "zoo", scheduler=dask.address)
    before = len(added)
    assert 3 <= before < 8
    assert generate(write_zoo(), tmp_path / "zoo", workers=2) == open_zoo(small_zoo)
    assert len(added) == 8  # none twice


@pytest.mark.parametrize(
    ("status", "error"),
    [("lost", WorkerDied), ("pending", WorkerDied), ("cancelled", PipelineError)],
)
def test_only_a_cancelled_call_is_a_lost_scheduler(
    dask: DaskProcesses, monkeypatch: pytest.MonkeyPatch, status: str, error: type[Exception]
) -> None:
    class Remote:
        """A future of Dask whose status has changed by the time its callback reads it."""

        def __init__(self) -> None:
            self.status = status

        def add_done_callback(self, callback: Callable[[Any], None]) -> None:
            callback(self)

    monkeypatch.setattr("distributed.Client.submit", lambda *_, **__: Remote())
    with Cluster(dask.address, 1) as cluster, pytest.raises(error) as raised:
        cluster.submit(sum, [1, 2]).result(30)
    assert raised.type is error


def test_an_address_without_a_scheduler_is_a_mistake(
    write_zoo: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.workers.cluster._SECONDS", 0.5)
    with pytest.raises(PipelineError, match="tcp://127.0.0.1:9: no Dask scheduler answers"):
        generate(write_zoo(), tmp_path / "zoo", scheduler="tcp://127.0.0.1:9")


def test_local_workers_are_started_and_end(
    write_zoo: Callable[..., Path],
    small_zoo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, during = multiprocessing.active_children(), []
    real = Store.add

    def add(store: Store, encoded: bytes) -> None:
        real(store, encoded)
        during.append(len(multiprocessing.active_children()))

    monkeypatch.setattr(Store, "add", add)
    made = generate(write_zoo(), tmp_path / "zoo", workers=2, scheduler="local")
    assert made == open_zoo(small_zoo)
    assert max(during) >= len(before) + 2
    assert multiprocessing.active_children() == before


def test_errors_of_a_call_come_back_as_they_are(dask: DaskProcesses) -> None:
    def fail(value: Any) -> None:
        raise PipelineError(f"got {value}")

    with Cluster(dask.address, 1) as cluster:
        assert cluster.submit(sum, [1, 2]).result(30) == 3
        with pytest.raises(PipelineError, match="got 7"):
            cluster.submit(fail, 7).result(30)
