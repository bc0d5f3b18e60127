"""Runs in processes: the order, deaths of workers, and what a worker has imported already."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from lightning_fabric import Fabric

from pipelines.errors import PipelineError
from pipelines.runs.diverged import DivergedError
from pipelines.runs.job import Job
from pipelines.runs.processes import execute, from_anywhere, longest_first
from pipelines.training import planning
from tests.pipelines.test_of_one_piece import RECIPE, SMALL_GMN, TREES, write


@dataclass(frozen=True)
class Counting(Job):
    """A job that counts to a number in its folder, and dies or fails at some numbers."""

    name: str
    out: Path
    to: int
    deaths: int = 0
    diverges: bool = False

    @property
    def stage(self) -> str:
        return "test"

    @property
    def folder_name(self) -> str:
        return self.name

    @property
    def hash(self) -> str:
        return self.name

    @property
    def epochs(self) -> int:
        return self.to

    @property
    def file(self) -> Path:
        return self.out / f"{self.name}.json"

    def finished(self) -> bool:
        return self.file.exists() and len(json.loads(self.file.read_text())) == self.to

    def work(self, fabric: Fabric) -> None:
        with (self.out / "order").open("a") as order:
            order.write(self.name)
        done = json.loads(self.file.read_text()) if self.file.exists() else []
        while len(done) < self.to:
            done.append(os.getpid())
            self.file.write_text(json.dumps(done))
            if len(done) <= self.deaths:
                os._exit(9)
            if self.diverges:
                raise DivergedError(f"{self.name} diverged")


@pytest.fixture
def counting(tmp_path: Path) -> Callable[..., Counting]:
    return lambda name, to, **more: Counting(name, tmp_path, to, **more)


def test_runs_with_most_to_do_begin_first(
    counting: Callable[..., Counting], tmp_path: Path
) -> None:
    jobs = [counting("a", 2), counting("b", 5), counting("c", 2), counting("d", 3)]
    assert [job.name for job in longest_first(jobs)] == ["b", "d", "a", "c"]
    execute(jobs, 1)
    assert (tmp_path / "order").read_text() == "bdac"
    assert all(job.finished() for job in jobs)
    execute(jobs, 1)
    assert (tmp_path / "order").read_text() == "bdac"  # nothing is left to do


def test_a_run_whose_worker_dies_goes_on_in_another(counting: Callable[..., Counting]) -> None:
    job = counting("a", 5, deaths=2)
    execute([job, counting("b", 2)], 2)
    assert job.finished()
    pids = json.loads(job.file.read_text())
    assert len(set(pids)) == 3
    assert len(set(pids[2:])) == 1


def test_a_run_that_dies_three_times_is_named_and_stops_no_other(
    counting: Callable[..., Counting],
) -> None:
    jobs = [counting("a", 9, deaths=3), *(counting(name, 2) for name in "bcd")]
    with pytest.raises(PipelineError, match="^a: given up after 3 attempts: .*exit code 9") as e:
        execute(jobs, 2)
    assert type(e.value) is PipelineError
    assert [job.finished() for job in jobs] == [False, True, True, True]


def test_runs_that_diverge_stop_no_other_and_are_named(counting: Callable[..., Counting]) -> None:
    jobs = [counting("a", 3, diverges=True), counting("b", 2), counting("c", 4, diverges=True)]
    with pytest.raises(DivergedError, match="^a diverged\nc diverged$"):
        execute(jobs, 2)
    assert jobs[1].finished()


def test_workers_elsewhere_get_whole_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job = Counting("a", Path("x"), 1)
    assert from_anywhere(job) == Counting("a", tmp_path / "x", 1)


WATCHED = """
import os, sys
from pathlib import Path
from pipelines.runs.preload import TRAINING
from pipelines.training import planning
from pipelines.workers import ProcessPool
from tests.pipelines.test_processes import watched

if __name__ == "__main__":
    settings, graphs, out = sys.argv[1:]
    runs = planning.planned(settings, graphs, Path(out))[1]
    assert all({*run.imports} <= {*TRAINING, "sklearn.ensemble"} for run in runs)
    with ProcessPool(1, [*TRAINING, "sklearn.ensemble", "tests.pipelines.test_processes"]) as pool:
        for run in runs:
            print(pool.submit(watched, run).result())
"""


def watched(run: Job) -> tuple[int, list[str]]:
    """Execute a run; give the threads of the process that was forked, and what was imported."""
    lines = Path(f"/proc/{os.getppid()}/status").read_text().splitlines()
    threads = next(int(line.split()[1]) for line in lines if line.startswith("Threads"))
    before = set(sys.modules)
    run.execute()
    return threads, sorted(set(sys.modules) - before)


def test_a_worker_has_imported_what_a_run_needs(graphs: Path, tmp_path: Path) -> None:
    sets = {"metanet": "deepsets", "settings": {"hidden": 4, "layers": 1}, "training": RECIPE}
    models = {"gmn": SMALL_GMN, "deepsets": sets, "statnn": TREES}
    file = write(tmp_path, models, seeds=[0])
    assert len(planning.planned(file, graphs, tmp_path)[1]) == 3
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, file, graphs, tmp_path / "train"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        threads, imported = eval(line)
        assert threads == 1
        assert len(imported) < 10, imported
