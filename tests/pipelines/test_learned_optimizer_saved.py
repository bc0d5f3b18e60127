"""Learned optimizers in their folders: with every option, of one piece, and never lost."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from generation_toys import contents, here, put, rewrite
from interruptions import kill

from graphgen import GraphError
from graphgen.files import read_weights, write_safetensors
from graphgen.files.sealed import file_hash
from metanet import GMNEditor, LearnedOptimizer
from pipelines.errors import PipelineError
from pipelines.learned_optimizer import load_optimizer, meta_test, meta_train
from pipelines.learned_optimizer.meta_train import planned
from pipelines.learned_optimizer.settings import read_settings
from pipelines.results import read_results, result_file
from pipelines.runs import loop
from pipelines.runs.collection import listed_runs
from tests.pipelines.test_learned_optimizer import META, MLP, write

RECIPE = {**META, "epochs": 2, "unrolls": 1, "networks": 1, "validation": 1}
MODELS: dict[str, Any] = {
    "gmn": {"editor": "gmn", "settings": {"hidden": 4, "layers": 1}},
    "alone": {"editor": "per_parameter", "settings": {"hidden": 4}, "step_size": 0.01},
}
SMALL: dict[str, Any] = {
    "horizon": 5,
    "models": MODELS,
    "meta_training": RECIPE,
    "baselines": {"unrolls": 1, "schedules": ["constant"], "learning_rates": {"adam": [1e-2]}},
    "evaluation": {"unrolls": 1, "networks": 1, "images": 10},
    "test_tasks": {"new starts": MLP},
}


def write_small(folder: Path, **changes: Any) -> Path:
    return write(folder, **{**SMALL, **changes})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, threads = tmp_path_factory.mktemp("made"), torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("pipelines.learned_optimizer.meta_train"), "execute", here)
        meta_train(write_small(folder), folder / "optimizers")
    torch.set_num_threads(threads)
    return folder


@pytest.fixture
def work(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a copy of what was made, and let optimizers be meta-trained in this process."""
    monkeypatch.setattr(import_module("pipelines.learned_optimizer.meta_train"), "execute", here)
    return Path(shutil.copytree(made, tmp_path / "work"))


def test_a_changed_default_does_not_change_a_saved_optimizer(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = work / "optimizers" / "gmn-seed0"
    saved = json.loads((folder / "settings.json").read_text())["model"]
    assert saved == load_optimizer(folder).settings
    for made_, changes in (
        (LearnedOptimizer, {"fan_in_power": 0.0, "annealed": False, "nominal": False}),
        (GMNEditor, {"norm": False, "aggregation": "sum"}),
    ):
        defaults = {**made_.__init__.__kwdefaults__, **changes}
        assert defaults != made_.__init__.__kwdefaults__
        monkeypatch.setattr(made_.__init__, "__kwdefaults__", defaults)
    assert load_optimizer(folder).settings == saved
    assert LearnedOptimizer("gmn", {"hidden": 4, "layers": 1}).settings != saved


def test_an_optimizer_says_what_it_is_and_was_trained_on(made: Path) -> None:
    folder = made / "optimizers" / "alone-seed0"
    about = json.loads((folder / "settings.json").read_text())
    (family,) = about["trained_on"]["tasks"]
    assert (family["dataset"], family["horizon"]) == ("digits", 5)
    assert about["training"] == {
        **RECIPE, "second_order": False, "objective": "mean", "last": RECIPE["truncation"],
        "curriculum": 0,
    }  # fmt: skip
    assert set(about["scores"]) == {"meta_loss", "validation_loss"}
    assert {"graph-metanetworks", "torch"} <= set(about["made_with"])
    assert sorted(path.name for path in folder.iterdir()) == [
        "cost.csv", "history.csv", "model.safetensors", "settings.json",
    ]  # fmt: skip


HOSTILE = {
    "version": put("version", 2),
    "layers": put("model", "settings", "layers", 10**18),
    "as many layers as there may be": put("model", "settings", "layers", 1000),
    "hidden": put("model", "settings", "hidden", 65536),
    "kind of hidden": put("model", "settings", "hidden", {}),
    "unknown option": put("model", "settings", "no_such", 1),
    "decided option": put("model", "settings", "channels", 3),
    "editor": put("model", "editor", "np_nfn"),
    "nothing proposed": lambda data: data["model"].update(editor="none", nominal=False),
    "step size": put("model", "step_size", 10**400),
    "step size of zero": put("model", "step_size", 0),
    "power": put("model", "fan_in_power", 1e300),
    "no option": lambda data: data["model"].pop("annealed"),
    "tasks": put("trained_on", "tasks", 0),
    "name": put("name", "../gmn"),
    "seed": put("seed", True),
    "parts": put("parts", [{"file": "../model.safetensors", "sha256": "0" * 64}]),
    "no parts": put("parts", []),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_settings_that_make_no_such_optimizer_are_refused(work: Path, what: str) -> None:
    folder = work / "optimizers" / "gmn-seed0"
    load_optimizer(folder)
    rewrite(folder / "settings.json", HOSTILE[what])
    for read in (
        lambda: load_optimizer(folder),
        lambda: meta_test(work / "params.yaml", work / "optimizers", work / "out"),
    ):
        with pytest.raises((PipelineError, GraphError), match="gmn-seed0"):
            read()
    assert not (work / "out").exists()


Arrays = dict[str, np.ndarray]
CHANGES: dict[str, Callable[[Arrays], object]] = {
    "missing": lambda arrays: arrays.pop("log_step"),
    "more": lambda arrays: arrays.update(more=np.zeros(3, np.float32)),
    "other shape": lambda arrays: arrays.update(log_step=np.zeros(2, np.float32)),
    "other dtype": lambda arrays: arrays.update(log_step=np.zeros((), np.float64)),
    "not a number": lambda arrays: arrays.update(log_step=np.full((), math.nan, np.float32)),
}


@pytest.mark.parametrize("reseal", [True, False])
@pytest.mark.parametrize("what", CHANGES)
def test_parameters_that_are_not_those_of_the_optimizer_are_refused(
    work: Path, what: str, reseal: bool
) -> None:
    folder = work / "optimizers" / "gmn-seed0"
    path = folder / "model.safetensors"
    arrays = {name: np.array(array) for name, array in read_weights(path).items()}
    CHANGES[what](arrays)
    write_safetensors(path, arrays)
    if reseal:
        digest = file_hash(path)
        rewrite(
            folder / "settings.json",
            lambda data: [
                part.update(sha256=digest) for part in data["parts"] if part["file"] == path.name
            ],
        )
    with pytest.raises((PipelineError, GraphError), match=r"model\.safetensors"):
        load_optimizer(folder)


def test_optimizers_of_other_settings_are_refused_or_replaced(work: Path) -> None:
    out = work / "optimizers"
    before = contents(out)
    meta_train(work / "params.yaml", out)
    assert contents(out) == before
    file = write_small(work, models={**MODELS, "alone": {**MODELS["alone"], "step_size": 0.02}})
    with pytest.raises(PipelineError, match="alone-seed0: trained by other settings.*--replace"):
        meta_train(file, out)
    assert contents(out) == before
    with pytest.raises(PipelineError, match="alone-seed0: no finished run of these settings"):
        meta_test(file, out, work / "results")
    meta_train(file, out, replace=True)
    after = contents(out)
    assert after["gmn-seed0/settings.json"] == before["gmn-seed0/settings.json"]
    assert after["alone-seed0/settings.json"] != before["alone-seed0/settings.json"]
    assert not [name for name in after if name.startswith(".")]


def test_results_say_of_what_they_are_and_are_not_written_over(work: Path) -> None:
    folders, report = (work / "optimizers", work / "results"), work / "report.html"
    meta_test(work / "params.yaml", *folders, report)
    of = read_results(folders[1])["of"]
    assert of["runs"] == {name: run for name, (_, run) in listed_runs(folders[0]).items()}
    assert of["settings"]["horizon"] == 5
    for name in ("metrics.json", "curves.csv", "table.md", "predictions.csv"):
        result_file(folders[1], name)
    before, page = contents(folders[1]), report.read_bytes()
    changed = write_small(work, test_tasks={"other starts": MLP})
    with pytest.raises(GraphError, match="results already.*--replace"):
        meta_test(changed, *folders)
    with pytest.raises(GraphError, match=r"report\.html: is there already.*--replace"):
        meta_test(changed, folders[0], work / "elsewhere", report)
    assert (contents(folders[1]), report.read_bytes()) == (before, page)
    assert not (work / "elsewhere").exists()
    meta_test(changed, *folders, report, replace=True)
    assert b"other starts" in report.read_bytes()
    assert b"other starts" in contents(folders[1])["table.md"]


def test_a_run_that_learns_nothing_is_named_and_the_others_go_on(work: Path) -> None:
    wild = {
        **MODELS["alone"],
        "step_size": 1e6,
        "meta_training": {**RECIPE, "gradient_norm": 1e-12},
    }
    file = write_small(work, models={"wild": wild, **MODELS})
    with pytest.raises(PipelineError, match="model 'wild', seed 0: every meta-gradient"):
        meta_train(file, work / "new")
    assert sorted(listed_runs(work / "new")) == ["alone-seed0", "gmn-seed0"]


@pytest.mark.parametrize("value", ["abc", None, math.nan, 10**400, [1]])
def test_a_checkpoint_with_another_history_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: Any
) -> None:
    (run,) = planned(read_settings(write_small(tmp_path, models={"gmn": MODELS["gmn"]})), tmp_path)
    saved = loop.save_checkpoint

    def stop(*arguments: Any) -> None:
        *others, rows = arguments
        saved(*others, [{**rows[0], "validation_loss": value}])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "save_checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            run.execute()
    run.execute()
    assert "the run begins anew" in capsys.readouterr().err
    assert run.finished()


@pytest.mark.parametrize("stride", [53, pytest.param(1, marks=pytest.mark.long)])
def test_a_meta_training_that_is_killed_leaves_the_runs_before_or_after(
    work: Path, stride: int
) -> None:
    out, start = work / "optimizers", Path(shutil.copytree(work / "optimizers", work / "start"))
    models = {**MODELS, "alone": {**MODELS["alone"], "step_size": 0.02}}
    file = write_small(work, models=models)

    def runs() -> dict[str, Any]:
        found = listed_runs(out)
        for path, _ in found.values():
            load_optimizer(path)
        return {name: identity for name, (_, identity) in found.items()}

    before, found, step, reached = runs(), set(), 1, True
    meta_train(file, out, replace=True)
    after = runs()
    assert before != after
    while reached:
        shutil.rmtree(out)
        shutil.copytree(start, out)
        reached = kill(step, lambda: meta_train(file, out, replace=True))
        found.add({json.dumps(before): "before", json.dumps(after): "after"}[json.dumps(runs())])
        meta_train(file, out, replace=True)
        assert runs() == after
        assert not [p for p in out.rglob(".*") if ".new-" in p.name or ".old-" in p.name]
        step += stride
    assert found == {"before", "after"}
    assert step > 2 * stride
