"""Stages that are killed, stopped, or out of space leave the earlier output or the new one."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from interruptions import INTERRUPTIONS, everywhere
from lightning_fabric import Fabric
from torch import nn

import graphgen
import spec
from graphgen.files import Kind, read_weights, write_weights
from graphgen.testing import random_weights
from pipelines.cli import main
from pipelines.compile import compile_zoo
from pipelines.evaluation import evaluate
from pipelines.results import read_results, result_file
from pipelines.runs.checkpoint import save_checkpoint
from pipelines.runs.collection import collecting, commit, listed_runs
from pipelines.runs.job import Job
from pipelines.runs.result import read_result, result_kind, save_result
from pipelines.settings import settings_hash
from pipelines.training import train


@dataclass(frozen=True)
class Toy(Job):
    """A job whose result is one number."""

    kind: ClassVar[Kind] = result_kind("toy", {"value": {"type": "number"}}, "a test")

    name: str
    value: float
    out: Path

    @property
    def stage(self) -> str:
        return "test"

    @property
    def folder_name(self) -> str:
        return self.name

    @property
    def hash(self) -> str:
        return settings_hash(self.name, self.value)

    @property
    def epochs(self) -> int:
        return 1

    def work(self, fabric: Fabric) -> None:
        module = nn.Linear(1, 1)
        with torch.no_grad():
            module.weight.fill_(self.value)
        rows = [{"epoch": 1, "loss": self.value, "seconds": 0.1}]
        save_checkpoint(
            self.work_folder, self.hash, 1, module, torch.optim.SGD(module.parameters()), rows
        )
        about = {"run": self.hash, "code": "0" * 64, "seed": 0, "value": self.value}
        save_result(self.work_folder, self.kind, module, about, rows)


def make(out: Path, values: dict[str, float]) -> None:
    jobs = [Toy(name, value, out) for name, value in values.items()]
    with collecting(out, jobs, replace=True) as new:
        for job in jobs:
            if not job.finished():
                job.execute()
        commit(new, jobs, replace=True)


def values(out: Path) -> dict[str, float]:
    found = {}
    for name, (folder, identity) in listed_runs(out).items():
        result = read_result(folder, Toy.kind)
        assert result.settings["run"] == identity
        assert result.state()["weight"].item() == np.float32(result.settings["value"])
        found[name] = result.settings["value"]
    return found


@pytest.mark.parametrize(
    "how",
    [
        how if how == "killed" else pytest.param(how, marks=pytest.mark.long)
        for how in INTERRUPTIONS
    ],
)
def test_runs_change_together(tmp_path: Path, how: str) -> None:
    out, seen = tmp_path / "train", []
    old, new = {"a": 0.25, "b": 0.5}, {"a": 0.75, "b": 0.5}

    def prepare() -> None:
        shutil.rmtree(out, ignore_errors=True)
        make(out, old)

    def check() -> None:
        found = values(out)
        assert found in (old, new)
        seen.append(found == new)
        make(out, new)
        assert values(out) == new
        names = {path.name for path in out.iterdir()}
        assert names - {".lock"} == {"a", "b", "runs.json"}
        files = {path.name for path in (out / "a").iterdir()}
        # A lock that could not be removed holds nobody up; costs are kept where there was time.
        parts = {"history.csv", "model.safetensors", "settings.json"}
        assert files - {".lock", "cost.csv"} == parts

    assert everywhere(INTERRUPTIONS[how], prepare, lambda: make(out, new), check) > 20
    assert set(seen) == {True, False}


@pytest.fixture(scope="module")
def trees(graphs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train trees with one seed; give the folder."""
    folder = tmp_path_factory.mktemp("trees")
    model = {"metanet": "statnn", "settings": {"trees": 3, "leaves": 2}}
    section = {"target": "test_accuracy", "seeds": [0], "models": {"a": model}}
    (folder / "params.yaml").write_text(json.dumps({"train": section}))
    train(folder / "params.yaml", graphs, folder / "train", workers=1)
    return folder / "train"


@pytest.mark.long
@pytest.mark.parametrize("how", ["full", "read_only", "stopped"])
def test_results_change_together(graphs: Path, trees: Path, tmp_path: Path, how: str) -> None:
    out = tmp_path / "results"
    evaluate(trees, graphs, out)
    new = {name: (out / name).read_bytes() for name in ("metrics.json", "predictions.csv")}
    earlier = tmp_path / "earlier"
    shutil.copytree(out, earlier)

    def prepare() -> None:
        shutil.rmtree(out)
        shutil.copytree(earlier, out)

    def check() -> None:
        read_results(out)
        for name, data in new.items():
            assert result_file(out, name).read_bytes() == data

    def work() -> None:
        evaluate(trees, graphs, out, replace=True)

    assert everywhere(INTERRUPTIONS[how], prepare, work, check) > 10


@pytest.mark.parametrize("how", INTERRUPTIONS)
def test_a_file_of_weights_is_the_earlier_one_or_the_new_one(tmp_path: Path, how: str) -> None:
    out = tmp_path / "aligned.safetensors"
    old, new = ({"w": np.full(1000, value)} for value in (1.0, 2.0))

    def check() -> None:
        found = read_weights(out)["w"]
        assert (found == found[0]).all()
        assert found.size == 1000

    def prepare() -> None:
        write_weights(out, old)

    assert everywhere(INTERRUPTIONS[how], prepare, lambda: write_weights(out, new), check) > 2


def test_gmn_match_writes_over_nothing_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 4}}, relu, "
                     "{linear: {out_features: 2}}]")  # fmt: skip
    rng = np.random.default_rng(0)
    (tmp_path / "net.yaml").write_text(
        "inputs: {x: [3]}\nlayers: [{linear: {out_features: 4}}, relu, {linear: {out_features: 2}}]"
    )
    for name in "ab":
        write_weights(tmp_path / f"{name}.safetensors", random_weights(net, rng, np.float32))
    paths = [str(tmp_path / name) for name in ("net.yaml", "a.safetensors", "b.safetensors")]
    before = Path(paths[1]).read_bytes()
    with pytest.raises(SystemExit) as stop:
        main(["match", *paths, "--out", paths[1]])
    assert stop.value.code == 2
    assert "is there already" in capsys.readouterr().err
    assert Path(paths[1]).read_bytes() == before
    main(["match", *paths, "--out", paths[1], "--replace"])
    aligned = graphgen.files.read_weights(paths[1])
    assert set(aligned) == set(net.parameters)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_zoo_is_not_taken_for_the_place_of_its_graphs(graphs: Path) -> None:
    zoo = graphs.parent / "zoo"
    before = contents(zoo)
    for replace in (False, True):
        with pytest.raises(graphgen.GraphError, match="holds a graph-metanetworks/zoo"):
            compile_zoo(graphs.parent / "params.yaml", zoo, zoo, replace)
    assert contents(zoo) == before


def gmn(*arguments: object, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "from pipelines.cli import main; main()", *map(str, arguments)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A background job of a script ignores interrupts, and so would what it starts.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("stage", ["compile", "train", "evaluate"])
def test_commands_stopped_at_any_time(
    graphs: Path, trees: Path, tmp_path: Path, stage: str, number: int
) -> None:
    shutil.copytree(graphs.parent / "zoo", tmp_path / "zoo")
    shutil.copytree(graphs, tmp_path / "graphs")
    shutil.copytree(trees, tmp_path / "train")
    settings = json.loads((graphs.parent / "params.yaml").read_text())
    settings |= json.loads((trees.parent / "params.yaml").read_text())
    out = {"compile": "graphs", "train": "train", "evaluate": "results"}[stage]
    evaluate(tmp_path / "train", tmp_path / "graphs", tmp_path / "results")
    # Each time other settings, so that there is work to do.
    commands: dict[str, list[object]] = {
        "compile": ["compile", "zoo", "--out", "graphs", "--replace"],
        "train": ["train", "graphs", "--out", "train", "--workers", 1, "--replace"],
        "evaluate": ["evaluate", "train", "graphs", "--out", "results", "--replace"],
    }
    rng = random.Random(0)
    for attempt in range(3):
        settings["compile"]["seed"] = attempt if stage == "compile" else 0
        settings["train"]["models"]["a"]["settings"]["trees"] = 3 + attempt
        (tmp_path / "params.yaml").write_text(json.dumps(settings))
        before = whole(tmp_path / out)
        process = gmn(*commands[stage], folder=tmp_path)
        time.sleep(rng.uniform(0.5, 12))
        process.send_signal(number)
        process.wait()
        found = whole(tmp_path / out)
        assert gmn(*commands[stage], folder=tmp_path).wait() == 0
        assert found in (before, whole(tmp_path / out))


def whole(folder: Path) -> str:
    """Read an output in full, and give its identity; an error if it is not of one piece."""
    if folder.name == "graphs":
        graph_set = graphgen.GraphSet.open(folder)
        graph_set.verify()
        return graph_set.hash
    if folder.name == "results":
        sealed = read_results(folder)
        for part in sealed["parts"]:
            result_file(folder, part["file"])
        return str(sealed["hash"])
    identities: list[Any] = []
    for name, (path, identity) in listed_runs(folder).items():
        from pipelines.training.trained import Trained

        assert Trained.load(path).about["run"] == identity
        identities.append([name, identity])
    return json.dumps(identities)
