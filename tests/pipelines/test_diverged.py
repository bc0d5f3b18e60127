"""Runs that diverge are named, and the others of the stage are kept."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from generation_toys import clusters, wave

from graphgen import GraphSet
from pipelines.compile import compile_zoo
from pipelines.errors import PipelineError
from pipelines.generation import train as train_flows
from pipelines.generation.population import arrays_of
from pipelines.runs.diverged import DivergedError, check_finite, naming
from pipelines.training import search, train
from pipelines.training.planning import planned

RECIPE: dict[str, Any] = {
    "epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "weight_decay": 0.0, "gradient_norm": 1.0,
}  # fmt: skip
WILD = {**RECIPE, "learning_rate": 1e35}
SMALL = {"hidden": 4, "layers": 1}


@pytest.fixture(scope="module")
def graphs(small_zoo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graphs")
    splits = {"train": 0.5, "validation": 0.3, "test": 0.2}
    (folder / "params.yaml").write_text(json.dumps({"compile": {"seed": 0, "splits": splits}}))
    compile_zoo(folder / "params.yaml", small_zoo, folder / "graphs")
    return folder / "graphs"


def write(folder: Path, **changes: Any) -> Path:
    file = folder / "params.yaml"
    models = {
        "calm": {"metanet": "deepsets", "settings": SMALL, "training": RECIPE},
        "wild": {"metanet": "deepsets", "settings": SMALL, "training": WILD},
    }
    section = {"target": "test_accuracy", "seeds": [0, 1], "models": models, **changes}
    file.write_text(json.dumps({"train": section}))
    return file


def test_others_are_kept_where_a_run_diverges(graphs: Path, tmp_path: Path) -> None:
    file = write(tmp_path)
    with pytest.raises(PipelineError) as caught:
        train(file, graphs, tmp_path / "train", workers=2)
    lines = str(caught.value).splitlines()
    assert [line[:31] for line in lines] == [
        f"model 'wild', seed {seed}: diverged in epoch 1 of 2"[:31] for seed in (0, 1)
    ]
    assert all("lower `learning_rate`, which is 1e+35" in line for line in lines)
    kept = {path.name for path in (tmp_path / "train").iterdir() if path.is_dir()}
    assert {"calm-seed0", "calm-seed1"} <= kept
    assert not {"wild-seed0", "wild-seed1"} & kept


@pytest.mark.long
def test_a_run_of_several_processes_diverges_too(graphs: Path, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match=r"model 'wild', seed 0: diverged in epoch 1 of 2"):
        train(write(tmp_path), graphs, tmp_path / "train", only="wild", processes=2)


def test_a_step_that_only_validation_shows_to_have_diverged(graphs: Path, tmp_path: Path) -> None:
    """The only step is taken with finite gradients, and leads far away."""
    wild = {"metanet": "deepsets", "settings": SMALL}
    recipe = {**WILD, "epochs": 1, "batch_size": 64}
    for task in ({}, {"task": "classification", "target": "training.optimizer"}):
        file = write(tmp_path, models={"wild": {**wild, "training": recipe}}, **task)
        run = planned(file, graphs, tmp_path / "train")[1][0]
        with pytest.raises(DivergedError, match="`validation_loss` is (nan|inf)"):
            run.execute()
        assert not run.finished()


@pytest.mark.long
def test_a_trial_that_diverges_is_not_chosen(graphs: Path, tmp_path: Path) -> None:
    calm_or_wild = {**RECIPE, "learning_rate": {"choice": [1e-3, 1e35]}}
    models = {"it": {"metanet": "deepsets", "settings": SMALL, "training": calm_or_wild}}
    file = write(tmp_path, models=models, search={"trials": 6, "epochs": 1})
    result = search(file, graphs, tmp_path / "search", workers=2)["it"]
    rates = [trial["values"]["training.learning_rate"] for trial in result["trials"]]
    assert set(rates) == {1e-3, 1e35}
    assert [trial.get("diverged", False) for trial in result["trials"]] == [
        rate == 1e35 for rate in rates
    ]
    assert result["model"]["training"]["learning_rate"] == 1e-3


@pytest.mark.long
def test_a_search_of_which_all_diverge(graphs: Path, tmp_path: Path) -> None:
    wild = {**RECIPE, "learning_rate": {"choice": [1e35, 1e36]}}
    models = {"it": {"metanet": "deepsets", "settings": SMALL, "training": wild}}
    file = write(tmp_path, models=models, search={"trials": 2})
    with pytest.raises(PipelineError, match="it: all of its 2 trials diverged"):
        search(file, graphs, tmp_path / "search", workers=1)


@pytest.mark.long
def test_flows(tmp_path: Path) -> None:
    net, template = wave()
    networks = [
        (net, arrays_of(template, row), {"index": i, "split": split, "offset": 0.5})
        for i, row in enumerate(clusters(16, 0, permuted=False))
        for split in [("train", "validation")[i % 2]]
    ]
    graph_set = GraphSet.write(tmp_path / "graphs", networks)
    models = {
        "calm": {"settings": SMALL, "training": RECIPE},
        "wild": {"settings": SMALL, "training": WILD},
    }
    file = tmp_path / "params.yaml"
    file.write_text(json.dumps({"flow": {"seeds": [0], "models": models}}))
    with pytest.raises(PipelineError, match=r"^model 'wild', seed 0: diverged in epoch 1 of 2"):
        train_flows(file, graph_set.folder, tmp_path / "flow", workers=2)
    assert (tmp_path / "flow" / "calm-seed0").is_dir()
    assert not (tmp_path / "flow" / "wild-seed0").exists()


def test_finite_numbers_pass() -> None:
    check_finite({"the loss": 1e300, "another": -1}, 0, RECIPE)
    for wrong in (math.nan, math.inf, -math.inf):
        with pytest.raises(DivergedError, match="the loss is"):
            check_finite({"another": 0.0, "the loss": wrong}, 0, RECIPE)


def test_only_divergence_is_given_a_name() -> None:
    with pytest.raises(PipelineError, match="^else$"), naming("it", 0):
        raise PipelineError("else")
