"""Mistakes in the settings of learned optimizers: named with their places, before any work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graphgen import GraphError
from pipelines.errors import PipelineError
from pipelines.learned_optimizer import load_optimizer, meta_test, meta_train
from pipelines.learned_optimizer.meta_train import planned
from pipelines.learned_optimizer.settings import read_settings
from spec import SpecError
from tests.pipelines.test_learned_optimizer import META, MLP, SETTINGS, SMALL, write


def test_mistakes_are_named_with_their_places(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="params.yaml:1:"):
        read_settings(write(tmp_path, horizon=0))
    with pytest.raises(SpecError, match="has no variable 'widht'"):
        read_settings(write(tmp_path, test_tasks={"a": {**MLP, "variables": {"widht": 3}}}))
    with pytest.raises(SpecError, match="there is no file"):
        read_settings(write(tmp_path, training_tasks={**MLP, "file": "none.yaml"}))
    with pytest.raises(SpecError, match=r"takes image \[1, 8, 8\], but an image of digits is"):
        read_settings(write(tmp_path, training_tasks={**MLP, "downsample": 2}))
    with pytest.raises(SpecError, match="running statistics .* use layer_norm"):
        read_settings(write(tmp_path, training_tasks={**MLP, "file": "cnn.yaml"}))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"editor": "np_nfn"}, r":1:\d+: unknown editor 'np_nfn' .*gmn, ng_gnn, per_parameter"),
        ({"editor": "gmn", "settings": {"members": 3}}, "members, which a learned optimizer"),
        ({"editor": "per_parameter", "settings": {"wide": 3}}, "does not take these settings"),
        ({"editor": "none", "settings": {"hidden": 3}}, r"NoProposal does not take .*: hidden"),
        ({"editor": "none", "nominal": False}, "proposes nothing, so it needs `nominal`"),
        ({"editor": "per_parameter", "settings": {"hidden": 0}}, r":1:\d+: .*hidden"),
        ({"editor": "gmn", "settings": {"hiden": 8}}, r":1:\d+: `hiden`"),
        ({"editor": "gmn", "settings": {"hidden": 0}}, r":1:\d+: `hidden` is 0"),
    ],
)
def test_models_that_cannot_be_made_are_refused(
    model: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError, match=words):
        meta_train(write(tmp_path, models={"a": model}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_tasks_that_an_editor_does_not_take_are_refused_before_training(tmp_path: Path) -> None:
    models = {"a": {"editor": "ng_gnn", "settings": SMALL}}
    tasks = {"branches": {**MLP, "file": "residual.yaml"}}
    write(tmp_path)
    (tmp_path / "residual.yaml").write_text(
        json.dumps(
            {
                "inputs": {"image": [1, 8, 8]},
                "layers": [
                    "flatten",
                    {"linear": {"out_features": 8}},
                    {"residual": {"body": [{"linear": {"out_features": 8}}, "relu"]}},
                    {"linear": {"out_features": 10}},
                ],
            }
        )
    )
    with pytest.raises(PipelineError, match="'ng_gnn' does not take the networks of 'branches'"):
        meta_train(write(tmp_path, models=models, test_tasks=tasks), tmp_path / "out")


def test_an_optimizer_that_learned_nothing_is_no_result(tmp_path: Path) -> None:
    model = {**SETTINGS["models"]["per_parameter"], "step_size": 1e6}
    file = write(tmp_path, models={"a": model}, meta_training={**META, "gradient_norm": 1e-12})
    (run,) = planned(read_settings(file), tmp_path / "out")
    with pytest.raises(PipelineError, match="every meta-gradient was passed over"):
        run.execute()
    assert not run.finished()


def test_settings_of_a_result_have_the_options_that_were_left_out(tmp_path: Path) -> None:
    (run,) = planned(read_settings(write(tmp_path, meta_training={**META, "epochs": 1})), tmp_path)
    run.execute()
    model = json.loads((run.place() / "settings.json").read_text())["model"]
    assert model["settings"] == {"hidden": 8, "layers": 2}
    assert (model["fan_in_power"], model["annealed"]) == (1.0, True)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    file = write(tmp_path)
    with pytest.raises(GraphError, match="runs.json: no such file, .* `gmn meta-train`"):
        meta_test(file, tmp_path / "out", tmp_path / "results")
    with pytest.raises(PipelineError, match="no model 'gnm'; the models are: per_parameter"):
        meta_train(file, tmp_path / "out", only="gnm")
    with pytest.raises(GraphError, match="no finished graph-metanetworks/learned-optimizer"):
        load_optimizer(tmp_path)
