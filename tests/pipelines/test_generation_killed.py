"""Stages of generation that diverge or are interrupted: what was there stays whole."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from generation_toys import (
    FLOW,
    MODELS,
    PLAIN,
    SAMPLE,
    TRAINING,
    TWO,
    contents,
    run_of,
    write_graphs,
    write_settings,
)
from interruptions import INTERRUPTIONS, everywhere

from graphgen.files import read_document
from pipelines.errors import PipelineError
from pipelines.generation import sample, train
from pipelines.generation.samples import INDEX, SAMPLES, open_samples
from pipelines.generation.systems import systems_in
from pipelines.runs.collection import listed_runs
from pipelines.runs.diverged import DivergedError
from tests.pipelines.test_learned_optimizer_saved import RECIPE, write_small


def test_a_flow_that_diverges_is_named_and_the_others_go_on(work: Path) -> None:
    wild = {**PLAIN, "training": {**TRAINING, "learning_rate": 1e30, "epochs": 3}}
    settings = write_settings(work, flow={**FLOW, "models": {"wild": wild, **MODELS}})
    with pytest.raises(PipelineError, match="model 'wild', seed 0: diverged in epoch [123] of 3"):
        train(settings, work / "graphs", work / "new")
    assert {name for name in listed_runs(work / "new") if "." not in name} == {
        "gmn-seed0", "plain-seed0",
    }  # fmt: skip
    systems_in(work / "new")
    alone = write_settings(work, flow={**FLOW, "models": {"wild": wild}})
    with pytest.raises(PipelineError, match="'wild'"):
        train(alone, work / "graphs", work / "alone")
    assert not (work / "alone" / "runs.json").exists()


def test_a_diverged_run_is_no_result(tmp_path: Path) -> None:
    graphs = write_graphs(tmp_path / "graphs")
    wild = {**PLAIN, "training": {**TRAINING, "learning_rate": 1e30}}
    run = run_of(tmp_path, graphs, model=wild)
    with pytest.raises(DivergedError, match="model 'gmn', seed 0"):
        run.execute()
    assert not run.finished()


def interrupted(
    folder: Path,
    work: Callable[[Path], object],
    read: Callable[[Path], object],
    how: str,
    stride: int,
) -> set[str]:
    """Interrupt the work at steps on files; say of which of its states what was read is."""
    start = Path(shutil.copytree(folder, folder.parent / "start"))
    work(folder)
    states = {"before": read(start), "after": read(folder)}
    assert states["before"] != states["after"]
    found = set()

    def prepare() -> None:
        shutil.rmtree(folder)
        shutil.copytree(start, folder)

    def check() -> None:
        found.add(next(name for name, state in states.items() if state == read(folder)))
        work(folder)
        assert read(folder) == states["after"]
        # Nothing is left of what was begun.
        hidden = [p.name for p in folder.rglob(".*") if p.name != ".lock"]
        assert not [name for name in hidden if ".new-" in name or ".old-" in name]

    def some(step: int, own: Callable[[], object]) -> bool:
        return INTERRUPTIONS[how](1 + (step - 1) * stride, own)

    assert everywhere(some, prepare, lambda: work(folder), check) >= 2
    return found


OTHERS = [
    pytest.param(how, stride, marks=pytest.mark.long)
    for how, stride in (("killed", 1), ("full", 5), ("read_only", 5), ("stopped", 5))
]


@pytest.mark.parametrize(("how", "stride"), [("killed", 61), *OTHERS])
def test_a_sample_that_is_interrupted_leaves_the_sets_before_or_after(
    work: Path, how: str, stride: int
) -> None:
    settings = write_settings(work, flow=TWO, sample={**SAMPLE, "count": 5, "seed": 1})

    def draw(folder: Path) -> None:
        sample(settings, work / "flow", folder, replace=True)

    def read(folder: Path) -> dict[str, Any]:
        return {name: one.values(range(len(one))).tolist() for name, one in
                open_samples(folder).items()}  # fmt: skip

    found = interrupted(work / "samples", draw, read, how, stride)
    assert found == {"before", "after"}
    assert set(read_document(work / "samples" / INDEX, SAMPLES)["sets"]) == set(
        open_samples(work / "samples")
    )


@pytest.mark.parametrize(("how", "stride"), [("killed", 31), *OTHERS])
def test_a_flow_that_is_interrupted_leaves_the_runs_before_or_after(
    work: Path, how: str, stride: int
) -> None:
    models = {**MODELS, "plain": {**PLAIN, "training": {**TRAINING, "epochs": 1}}}
    settings = write_settings(work, flow={**FLOW, "models": models})

    def learn(folder: Path) -> None:
        train(settings, work / "graphs", folder, replace=True)

    def read(folder: Path) -> dict[str, Any]:
        return {s.name: (s.run, s.draw.__self__.__dict__.get("moments") is None) for s in
                systems_in(folder)}  # fmt: skip

    assert interrupted(work / "flow", learn, read, how, stride) == {"before", "after"}


@pytest.mark.long
@pytest.mark.parametrize("command", ["flow", "meta-train"])
def test_a_command_that_is_killed_at_random_times_ends_as_if_it_had_not_been(
    work: Path, command: str
) -> None:
    recipe = {**TRAINING, "epochs": 30}
    flow = {**FLOW, "models": {name: {**one, "training": recipe} for name, one in MODELS.items()}}
    if command == "flow":
        file = write_settings(work, flow=flow)
        given = [str(work / "graphs"), "--params", str(file)]
    else:
        file = write_small(work, meta_training={**RECIPE, "epochs": 30})
        given = [str(file)]
    line = [
        sys.executable,
        "-c",
        "from pipelines.cli import main; main()",
        command,
        *given,
        "--workers",
        "2",
        "--out",
    ]
    rng = random.Random(0)
    for seconds in (rng.uniform(1, 12) for _ in range(6)):
        process = subprocess.Popen([*line, str(work / "killed")], start_new_session=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for out in ("killed", "whole"):
        subprocess.run([*line, str(work / out)], check=True)
    killed, whole = (contents(work / out) for out in ("killed", "whole"))
    same = [name for name in whole if name.endswith(("model.safetensors", "history.csv"))]
    assert len(same) == 4
    assert all(killed[name] == whole[name] for name in same)
    assert {n for n in killed if not n.endswith("cost.csv")} == {
        n for n in whole if not n.endswith("cost.csv")
    }
