"""Work that is shared out: the same bytes from one process, from two, and from a Dask cluster."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generation_toys import write_graphs, write_settings

import graphgen
import spec
from graphgen.files import write_weights
from pipelines import PipelineError
from pipelines.cli import main
from pipelines.compile import compile_zoo
from pipelines.evaluation import evaluate
from pipelines.generation import train as train_flows
from pipelines.graphs import open_graphs
from pipelines.matching import align, places_for
from pipelines.prediction import predict_files, predict_over
from pipelines.training import Predictor, search, train
from pipelines.workers import fan_out, pieces
from pipelines.workers.fanning import WORTH
from tests.numbering import fatal, pid_and, slow
from tests.pipelines.test_of_one_piece import RECIPE, SMALL_GMN, TREES, write
from tests.zoo_toys import contents

MLP = """
inputs: {x: [4]}
layers:
  - linear: {out_features: 3}
  - relu: {}
  - linear: {out_features: 2}
"""
CREWS = ("two workers", "cluster")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Start a Dask cluster of two workers; give the address of its scheduler."""
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0"
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
    monkeypatch.setattr(import_module("pipelines.compile"), "TOGETHER", 5)
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


def test_flows_are_the_same(tmp_path: Path, address: str) -> None:
    settings, graphs = write_settings(tmp_path), write_graphs(tmp_path / "graphs").folder
    made = []
    for number, who in enumerate(({"workers": 1}, {"scheduler": address})):
        runs = train_flows(settings, graphs, tmp_path / f"flow{number}", **who)
        made.append([(run.folder / "model.safetensors").read_bytes() for run in runs])
    assert made[0] == made[1]


def test_a_run_is_shared_by_processes_or_sent_to_a_cluster(graphs: Path, tmp_path: Path) -> None:
    file = write(tmp_path, {"g": SMALL_GMN})
    with pytest.raises(PipelineError, match="2 processes for each run and the scheduler 'local'"):
        train(file, graphs, tmp_path / "train", processes=2, scheduler="local")


@pytest.fixture(scope="module")
def trained(graphs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a metanet and trees; give the folder of the runs."""
    folder = tmp_path_factory.mktemp("trained")
    models = {"g": SMALL_GMN, "t": TREES}
    train(write(folder, models, seeds=[0]), graphs, folder / "train", workers=1)
    return folder / "train"


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("prediction", "compile"):
        monkeypatch.setattr(import_module(f"pipelines.{module}"), "TOGETHER", 5)


@pytest.mark.parametrize("source", ["graphs", "zoo"])
@pytest.mark.usefixtures("small_pieces")
def test_predictions_over_a_set_are_the_same(
    graphs: Path, trained: Path, crew: dict[str, Any], source: str, tmp_path: Path
) -> None:
    run, folder = trained / "g-seed0", graphs.parent / source
    alone, shared = (predict_over(run, folder, **who) for who in ({"workers": 1}, crew))
    assert alone.answers.tobytes() == shared.answers.tobytes()
    assert (alone.words, alone.records) == (shared.words, shared.records)
    assert len(alone.words) > 20
    graph_set = open_graphs(graphs)
    one_by_one = [Predictor.load(run).predict_set(graph_set, [i])[0] for i in range(len(graph_set))]
    np.testing.assert_allclose(alone.answers, one_by_one, rtol=1e-4)
    shared.write(tmp_path / "table.csv")
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text().splitlines()))
    assert [float(row["predicted"]) for row in rows] == alone.answers.tolist()
    assert {row["family"] for row in rows} == {"mlp", "cnn"}


def test_evaluations_are_the_same(
    graphs: Path, trained: Path, tmp_path: Path, crew: dict[str, Any]
) -> None:
    alone = evaluate(trained, graphs, tmp_path / "alone", workers=1)
    assert evaluate(trained, graphs, tmp_path / "shared", **crew) == alone
    files = [contents(tmp_path / name) for name in ("shared", "alone")]
    costs = [own.pop("cost.json") for own in files]  # which differ each time
    assert files[0] == files[1]
    assert len(costs) == 2


def write_networks(folder: Path, count: int) -> tuple[Path, list[Path]]:
    """Write networks of one architecture; give its file and theirs."""
    file = folder / "net.yaml"
    file.write_text(MLP)
    net = spec.load(file)
    files = []
    for seed in range(count):
        files.append(folder / f"{seed}.safetensors")
        rng = np.random.default_rng(seed)
        weights = {
            name: rng.normal(size=t.shape).astype(np.float32) for name, t in net.tensors.items()
        }
        write_weights(files[-1], weights)
    return file, files


def test_many_files_are_predicted_in_pieces(
    graphs: Path, trained: Path, tmp_path: Path, small_pieces: None, crew: dict[str, Any]
) -> None:
    file, files = write_networks(tmp_path, 12)
    run = trained / "g-seed0"
    words = predict_files(run, file, files, **crew)
    assert words == predict_files(run, file, files, workers=1)
    assert len(set(words)) > 6
    files[7].write_bytes(b"")
    with pytest.raises(graphgen.GraphError, match="7.safetensors"):
        predict_files(run, file, files, **crew)


def test_the_command_predicts_over_a_set(
    graphs: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(trained / "g-seed0")
    main(["predict", run, str(graphs)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{graphs}, network 0: test_accuracy ")
    assert len(lines) == len(open_graphs(graphs))
    main(["predict", run, str(graphs), "--out", str(tmp_path / "a.csv"), "--workers", "2"])
    assert capsys.readouterr().out == f"{tmp_path / 'a.csv'}: {len(lines)} networks of {graphs}\n"
    with pytest.raises(PipelineError, match="holds neither a graph set nor a zoo"):
        predict_over(run, tmp_path)


def test_many_networks_are_matched_with_one(
    tmp_path: Path, crew: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    file, (target, *files) = write_networks(tmp_path, 6)
    found = {}
    for name, who in (("alone", {"workers": 1}), ("shared", crew)):
        (tmp_path / name).mkdir()
        found[name] = align(file, target, places_for(files, tmp_path / name), **who)
    assert contents(tmp_path / "alone") == contents(tmp_path / "shared")
    assert [replace(one, out="") for one in found["alone"]] == [
        replace(one, out="") for one in found["shared"]
    ]
    for source, one in zip(files, found["alone"], strict=True):
        assert one.distance <= one.before
        expected = graphgen.match(file, target, source)
        assert one.distance == pytest.approx(expected.distance)
        written = graphgen.Checkpoint.read(file, one.out).weights
        for key, array in expected.apply(graphgen.Checkpoint.read(file, source).weights).items():
            np.testing.assert_allclose(written[key], array, rtol=1e-6)
    command = ["match", *map(str, (file, target, *files)), "--out", str(tmp_path / "alone")]
    with pytest.raises(SystemExit):
        main(command)
    assert "--replace" in capsys.readouterr().err
    main([*command, "--replace", "--workers", "2"])
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert contents(tmp_path / "alone") == contents(tmp_path / "shared")


def test_files_of_one_name_are_not_matched_into_one() -> None:
    assert places_for([Path("a/x.npz")], Path("out")) == {Path("a/x.npz"): Path("out")}
    with pytest.raises(PipelineError, match="have one name"):
        places_for([Path("a/x.npz"), Path("b/x.npz")], Path("out"))
