"""Work that is shared out: the same bytes from one process, from two, and from a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines import PipelineError
from pipelines.compile import compile_zoo
from pipelines.training import search, train
from pipelines.workers import fan_out, pieces
from pipelines.workers.fanning import WORTH
from tests.numbering import fatal, pid_and, slow
from tests.pipelines.test_of_one_piece import RECIPE, SMALL_GMN, write
from tests.zoo_toys import contents

CREWS = ("two workers", "cluster")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Start a Dask cluster of two workers; give the address of its scheduler."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(params=CREWS)
def crew(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Say who is to do the work, as the stages are told."""
    if request.param == "cluster":
        return {"scheduler": request.getfixturevalue("address")}
    return {"workers": 2}


CALLS = [(number,) for number in range(20)]


def test_results_come_in_order_whoever_makes_them(crew: dict[str, Any]) -> None:
    found = list(fan_out(slow, CALLS, **crew))
    assert [number for _, number in found] == list(range(20))
    assert os.getpid() not in {pid for pid, _ in found}


def test_one_worker_and_one_call_need_no_process() -> None:
    assert {pid for pid, _ in fan_out(pid_and, CALLS, workers=1)} == {os.getpid()}
    assert list(fan_out(pid_and, [(5,)], workers=2)) == [(os.getpid(), 5)]
    assert list(fan_out(pid_and, [], workers=2)) == []


def test_workers_are_started_where_they_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.workers.fanning.usable_cpus", lambda: 2)
    assert {pid for pid, _ in fan_out(pid_and, CALLS)} == {os.getpid()}
    monkeypatch.setattr("pipelines.workers.fanning.WORTH", WORTH / 1e9)
    found = list(fan_out(pid_and, CALLS))
    assert [number for _, number in found] == list(range(20))
    assert found[0][0] == os.getpid()
    assert os.getpid() not in {pid for pid, _ in found[1:]}


@pytest.mark.parametrize("workers", [0, -1])
def test_fewer_workers_than_one_are_a_mistake(workers: int) -> None:
    with pytest.raises(PipelineError, match=f"`workers` is {workers}; expected 1 or more"):
        list(fan_out(pid_and, CALLS, workers))


def test_a_killed_worker_does_not_lose_the_command(tmp_path: Path) -> None:
    calls = [(number, str(tmp_path / "log"), 2) for number in range(8)]
    assert list(fan_out(fatal, calls, workers=2)) == list(range(8))
    assert (tmp_path / "log").read_text() == "xxx"
    calls = [(number, str(tmp_path / "more"), 3) for number in range(8)]
    with pytest.raises(PipelineError, match="network 3: given up after 3 attempts"):
        list(fan_out(fatal, calls, workers=2, describe=lambda call: f"network {call[0]}"))


def test_pieces_are_bounded_by_number_and_weight() -> None:
    assert pieces(0, 3) == []
    found = pieces(100, 7, [number % 5 for number in range(100)], 9)
    assert [i for piece in found for i in piece] == list(range(100))
    assert max(map(len, found)) <= 7
    assert max(sum(i % 5 for i in piece) for piece in found) <= 9
    assert pieces(3, 2, [50, 50, 50], 9) == [range(0, 1), range(1, 2), range(2, 3)]


def test_a_graph_set_has_the_same_bytes(
    graphs: Path, tmp_path: Path, crew: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.compile.TOGETHER", 5)
    zoo = graphs.parent / "zoo"
    made = compile_zoo(graphs.parent / "params.yaml", zoo, tmp_path / "graphs", **crew)
    assert len(made) > 20
    assert contents(tmp_path / "graphs") == contents(graphs)


def test_runs_and_trials_are_the_same(graphs: Path, tmp_path: Path, address: str) -> None:
    model = {**SMALL_GMN, "training": {**RECIPE, "learning_rate": {"log_uniform": [1e-3, 1e-2]}}}
    file = write(tmp_path, {"g": model}, seeds=[0, 1], search={"trials": 2, "epochs": 1})
    made = {}
    for name, who in (("pool", {"workers": 2}), ("cluster", {"scheduler": address})):
        out = tmp_path / name
        chosen = search(file, graphs, out / "search", **who)
        runs = train(file, graphs, out / "train", choices=out / "search", **who)
        made[name] = chosen, [(run.folder / "model.safetensors").read_bytes() for run in runs]
    assert made["pool"] == made["cluster"]


def test_a_run_is_shared_by_processes_or_sent_to_a_cluster(graphs: Path, tmp_path: Path) -> None:
    file = write(tmp_path, {"g": SMALL_GMN})
    with pytest.raises(PipelineError, match="2 processes for each run and the scheduler 'local'"):
        train(file, graphs, tmp_path / "train", processes=2, scheduler="local")
