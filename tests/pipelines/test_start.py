"""Trainings that go on from a run, and runs that are measured on networks of another set."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fuzz.folder_mutations import reseal
from merged_toys import (
    MODELS,
    RECIPE,
    going_on,
    networks,
    write_moved,
    write_train,
)  # fmt: skip
from training_toys import run_here

from graphgen import GraphError, GraphSet
from graphgen.files import write_safetensors
from pipelines.errors import PipelineError
from pipelines.evaluation import evaluate
from pipelines.tasks.registry import open_task
from pipelines.training import Predictor, train
from pipelines.training.known import FILE, read_known
from pipelines.training.planning import planned
from pipelines.training.start import begin
from pipelines.training.trained import Trained
from spec import SpecError


@pytest.mark.parametrize("name", MODELS)
def test_a_training_begins_with_what_its_start_says(
    name: str, merged_sets: Path, pretrained: Path, tmp_path: Path
) -> None:
    started = Trained.load(pretrained / f"{name}-seed1")
    graph_set = GraphSet.open(merged_sets / "one")
    task = open_task({"task": "regression", "target": "test_accuracy"}, graph_set, 4)
    _, runs = planned(
        write_train(tmp_path, going_on(pretrained, name)), merged_sets / "one", tmp_path
    )
    run = replace(next(run for run in runs if run.name == name), seed=1)
    made, settings = run.made(task, started)
    model = task.make(made, settings)
    before = Predictor(replace(started, model=model)).predict_set(graph_set, range(16))
    wanted = Predictor(started).predict_set(graph_set, range(16))
    assert not np.allclose(before, wanted)  # the control: another draw of weights
    begin(model, task, started, "it")
    assert np.array_equal(
        Predictor(replace(started, model=model)).predict_set(graph_set, range(16)), wanted
    )
    state, other = model.state_dict(), started.model.state_dict()
    assert state.keys() == other.keys()
    assert all(torch.equal(state[key], other[key]) for key in state)


def test_the_scale_of_a_target_is_that_of_the_start(merged_sets: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        run_here(patch)
        only = {"mlp": MODELS["mlp"]}
        train(write_train(tmp_path, only, target="loss"), merged_sets / "both", tmp_path / "runs")
        again = {"mlp": {**MODELS["mlp"], "start": str(tmp_path / "runs/mlp-seed0")}}
        file = write_train(tmp_path / "next", again, target="loss", seeds=[0])
        (run,) = train(file, merged_sets / "one", tmp_path / "next/runs")
    there, here = Trained.load(tmp_path / "runs/mlp-seed0"), Trained.load(run.folder)
    assert here.state == there.state
    assert here.state["mean"] != pytest.approx(
        open_task(here.task, GraphSet.open(merged_sets / "one")).targets.mean  # type: ignore[attr-defined]
    )


def test_a_changed_start_trains_again(
    merged_sets: Path, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    runs = Path(shutil.copytree(pretrained, tmp_path / "starts"))
    file = write_train(tmp_path / "next", going_on(runs), networks=[4])
    out = tmp_path / "next/runs"
    done = train(file, merged_sets / "one", out, only="gmn")
    about = json.loads((out / "gmn-4-seed1/settings.json").read_text())
    assert about["start"]["name"] == "gmn"
    assert about["start"]["seed"] == 1
    assert [run.hash for run in train(file, merged_sets / "one", out, only="gmn")] == [
        r.hash for r in done
    ]
    # Evaluated, the run is that of the settings.
    evaluate(out, merged_sets / "one", tmp_path / "results", workers=1)
    # One of seed 1 alone is trained otherwise; as are then the weights of what goes on from it.
    longer = {**MODELS["gmn"], "training": {**RECIPE, "epochs": 3}}
    other = write_train(tmp_path / "other", {**MODELS, "gmn": longer})
    train(other, merged_sets / "both", tmp_path / "other/runs", only="gmn")
    shutil.rmtree(runs / "gmn-seed1")
    shutil.copytree(tmp_path / "other/runs/gmn-seed1", runs / "gmn-seed1")
    changed = identities(file, merged_sets / "one", out)
    before = {run.seed: run.hash for run in done}
    assert changed[0] == before[0]
    assert changed[1] != before[1]
    with pytest.raises(PipelineError, match=r"gmn-4-seed1: trained by other settings"):
        train(file, merged_sets / "one", out, only="gmn")
    # The control: the same start elsewhere is the same.
    moved = shutil.copytree(pretrained, tmp_path / "moved")
    file = write_train(tmp_path / "next", going_on(moved), networks=[4])
    assert identities(file, merged_sets / "one", out) == before


def identities(file: Path, graphs: Path, out: Path) -> dict[int, str]:
    """Give the identities of the runs of `gmn` that settings ask for, by their seeds."""
    settings, bare = planned(file, graphs, out)
    (run,) = (run for run in bare if run.name == "gmn")
    return {seed: replace(run, seed=seed).hash for seed in settings["seeds"]}


def test_networks_that_a_start_was_trained_on_are_not_tested_on(
    merged_sets: Path, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    write_moved(tmp_path / "moved")
    file = write_train(tmp_path, going_on(pretrained))
    with pytest.raises(
        PipelineError, match=r"models.gmn.start: .*trained with 4 of the 4 networks"
    ):
        train(file, tmp_path / "moved", tmp_path / "runs", only="gmn")
    assert not (tmp_path / "runs").exists()
    train(file, tmp_path / "moved", tmp_path / "runs", only="mlp")  # without a start
    # What a start began with is remembered too.
    fresh = [*networks("small", 8, np.float32)]
    GraphSet.write(tmp_path / "fresh", fresh)
    train(file, tmp_path / "fresh", tmp_path / "second", only="gmn")
    file = write_train(tmp_path, going_on(tmp_path / "second"))
    with pytest.raises(PipelineError, match="trained with 4 of the 4 networks"):
        train(file, tmp_path / "moved", tmp_path / "third", only="gmn")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": "nowhere"}, r"models.gmn.start: .*nowhere.*expected the folder of a finished"),
        ({"settings": {"hidden": 8, "layers": 1, "width": 8}}, "settings.hidden: 4 there, 8 now"),
        ({"views": ["rows"]}, r"settings.views: "),
        ({"metanet": "deepsets", "settings": {"hidden": 4, "layers": 1}}, "settings.metanet: "),
        ({"metanet": "stat_mlp", "settings": {}}, "is a Viewed, but the model .* a StatMLP"),
        ({"metanet": "statnn", "settings": {}}, "is fitted at once, and does not go on"),
        ({"start": 3}, "start"),
    ],
)  # fmt: skip
def test_mistakes_in_a_start(
    merged_sets: Path, pretrained: Path, changes: Any, message: str, tmp_path: Path
) -> None:
    file = write_train(tmp_path, going_on(pretrained, **changes))
    with pytest.raises((PipelineError, SpecError), match=message):
        train(file, merged_sets / "one", tmp_path / "runs", only="gmn")
    assert not (tmp_path / "runs").exists()


def test_another_task_does_not_go_on(merged_sets: Path, pretrained: Path, tmp_path: Path) -> None:
    file = write_train(tmp_path, going_on(pretrained), target="loss")
    with pytest.raises(PipelineError, match='task.target: "test_accuracy" there, "loss" now'):
        train(file, merged_sets / "one", tmp_path / "runs", only="gmn")


def test_networks_of_another_set_are_predicted(
    merged_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    file = write_train(tmp_path)
    train(file, merged_sets / "one", tmp_path / "runs")
    with pytest.raises(PipelineError, match="trained on the graph set .* as --trained-on, where"):
        evaluate(tmp_path / "runs", merged_sets / "two", tmp_path / "results")
    found = evaluate(
        *(tmp_path / "runs", merged_sets / "two", tmp_path / "results", file),
        trained_on=merged_sets / "one", workers=1,
    )  # fmt: skip
    assert found["gmn"]["tau"]["networks"] == 4
    of = json.loads((tmp_path / "results/results.json").read_text())["of"]
    assert of["trained_on"] == GraphSet.open(merged_sets / "one").hash
    assert of["graph_set"] == GraphSet.open(merged_sets / "two").hash
    predictor = Predictor.load(tmp_path / "runs/gmn-seed0")
    graph_set = GraphSet.open(merged_sets / "two")
    chosen = [i for i, row in enumerate(graph_set.records) if row["split"] == "test"]
    true = np.array([graph_set.records[i]["metrics"]["test_accuracy"] for i in chosen])
    errors = np.abs(predictor.predict_set(graph_set, chosen) - true)
    other = Predictor.load(tmp_path / "runs/gmn-seed1").predict_set(graph_set, chosen)
    expected = (errors.mean() + np.abs(other - true).mean()) / 2
    assert found["gmn"]["mae"]["mean"] == pytest.approx(expected)
    # Networks that it was trained on are refused, wherever they stand.
    write_moved(tmp_path / "moved")
    with pytest.raises(PipelineError, match=r"gmn-seed0: it was trained with 4 of the 4 networks"):
        evaluate(
            *(tmp_path / "runs", tmp_path / "moved", tmp_path / "more"),
            trained_on=merged_sets / "one",
        )
    assert not (tmp_path / "more").exists()


def test_a_model_and_what_goes_on_from_it_may_be_in_one_file(
    merged_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    runs = tmp_path / "runs"
    further = {**MODELS["gmn"], "start": str(runs / "gmn-seed{seed}")}
    file = write_train(tmp_path, {"gmn": MODELS["gmn"], "further": further})
    with pytest.raises(PipelineError, match="models.further.start: .*gmn-seed0"):
        train(file, merged_sets / "one", runs)  # the control: both at once
    train(file, merged_sets / "one", runs, only="gmn")
    train(file, merged_sets / "one", runs, only="further")
    kept = train(file, merged_sets / "one", runs, only="gmn")
    assert len(kept) == 2
    evaluate(runs, merged_sets / "one", tmp_path / "results", params=file, workers=1)


def test_seeds_belong_together_by_what_they_go_on_from(
    merged_sets: Path, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    one = {"gmn": {**MODELS["gmn"], "start": str(pretrained / "gmn-seed0")}}
    for seeds in ([1], [0, 1]):  # the first is kept
        file = write_train(tmp_path / "a", one, seeds=seeds)
        train(file, merged_sets / "one", tmp_path / "a/runs")
    evaluate(tmp_path / "a/runs", merged_sets / "one", tmp_path / "results", workers=1)
    # The control: one seed goes on from another run.
    other = {"gmn": {**MODELS["gmn"], "start": str(pretrained / "gmn-seed1")}}
    file = write_train(tmp_path / "b", other, seeds=[2])
    train(file, merged_sets / "one", tmp_path / "a/b")
    with pytest.raises(PipelineError, match="two kinds of settings of 'gmn'"):
        evaluate(tmp_path / "a", merged_sets / "one", tmp_path / "more", workers=1)


def test_damaged_fingerprints_are_refused(pretrained: Path, tmp_path: Path) -> None:
    runs = Path(shutil.copytree(pretrained, tmp_path / "runs"))
    folder = runs / "gmn-seed0"
    run = json.loads((folder / "settings.json").read_text())["run"]
    assert len(read_known(pretrained / "gmn-seed0", run).train) == 32  # the control: two marks each
    file = folder / FILE
    before = file.read_bytes()
    write_safetensors(file, {"train": np.zeros((2, 3), np.uint8)})
    with pytest.raises(GraphError, match=FILE):
        read_known(folder, run)
    reseal(runs, before, file.read_bytes())
    with pytest.raises(PipelineError, match=r"train: got uint8 \[2, 3\], expected rows of 20 byt"):
        read_known(folder, run)
    with pytest.raises(PipelineError, match="was replaced while"):
        read_known(folder, "0" * 64)


def test_a_set_without_networks_to_test_on_is_refused(
    merged_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    train(write_train(tmp_path), merged_sets / "one", tmp_path / "runs", only="gmn")
    source = GraphSet.open(merged_sets / "two")
    kept = [
        (source.architectures[record["architecture"]], source[i].weights(), dict(record))
        for i, record in enumerate(source.records)
        if record["split"] != "test"
    ]
    for _, _, record in kept:
        for key in ("shard", "row", "architecture"):
            record.pop(key, None)
    GraphSet.write(tmp_path / "set", kept, about=source.index["about"])
    with pytest.raises(PipelineError, match="holds no network out .* splits train, validation"):
        evaluate(
            *(tmp_path / "runs", tmp_path / "set", tmp_path / "results"),
            trained_on=merged_sets / "one",
        )
    assert not (tmp_path / "results").exists()
