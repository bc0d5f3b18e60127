"""Models of the settings that are shown views: trained, kept, and asked about new networks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graphgen import GraphSet
from metanet import Batch
from metanet.views import Statistics
from pipelines.compile import compile_zoo
from pipelines.errors import PipelineError
from pipelines.tasks.contrastive import two_views
from pipelines.tasks.registry import open_task
from pipelines.tasks.task import batch_of
from pipelines.tasks.views import views_of
from pipelines.training import Predictor
from pipelines.training.observing import observe
from pipelines.training.planning import planned
from pipelines.training.run import Run
from spec import SpecError

RECIPE = {
    "epochs": 3, "batch_size": 4, "learning_rate": 1e-2, "weight_decay": 0.0, "gradient_norm": 1.0,
}  # fmt: skip
SMALL = {"hidden": 8, "layers": 1}
MODELS: dict[str, Any] = {
    "gmn": {
        "metanet": "gmn",
        "views": ["rows", "statistics", "exam"],
        "settings": {**SMALL, "view_dropout": 0.0, "width": 8},
        "training": RECIPE,
    },
    "deepsets": {
        "metanet": "deepsets", "views": ["rows", "exam"], "settings": SMALL, "training": RECIPE,
    },
    "mlp": {
        "metanet": "stat_mlp", "views": ["rows", "exam"], "settings": SMALL, "training": RECIPE,
    },
    "trees": {
        "metanet": "statnn", "views": ["rows", "exam"], "settings": {"min_samples_leaf": 2},
    },
}  # fmt: skip


def write_settings(folder: Path, models: Mapping[str, Any] = MODELS, **changes: Any) -> Path:
    train = {"target": "test_accuracy", "seeds": [0], "networks": [8, 4], "models": models}
    file = folder / "params.yaml"
    file.write_text(json.dumps({"train": {**train, **changes}}))
    return file


@pytest.fixture(scope="module")
def viewed(graphs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the small zoo once more, with views; no test may change it."""
    folder = tmp_path_factory.mktemp("viewed")
    views = ["statistics", "rows", {"exam": {"networks": [8, 4], "steps": 3, "per_class": 2}}]
    settings = {"seed": 0, "splits": {"train": 0.6, "validation": 0.2, "test": 0.2}}
    file = folder / "params.yaml"
    file.write_text(json.dumps({"compile": {**settings, "views": views}}))
    compile_zoo(file, graphs.parent / "zoo", folder / "graphs", workers=1)
    return folder / "graphs"


def trained(run: Run, fabric: Any) -> Path:
    run.work_folder.mkdir(parents=True)
    run.work(fabric)
    return run.work_folder


@pytest.mark.parametrize("name", MODELS)
def test_what_is_trained_on_stored_views_computes_them_for_new_networks(
    name: str, viewed: Path, tmp_path: Path
) -> None:
    from pipelines.runs.together import alone

    _, runs = planned(write_settings(tmp_path), viewed, tmp_path / "train")
    graph_set = GraphSet.open(viewed)
    test = [i for i, record in enumerate(graph_set.records) if record["split"] == "test"]
    found = {}
    for run in runs:
        if run.name != name:
            continue
        predictor = Predictor.load(trained(run, alone(torch.device("cpu"))))
        assert [k.name for k in views_of(predictor.trained.model)] == MODELS[name]["views"]
        stored = predictor.predict_set(graph_set, test)
        computed = predictor.predict([graph_set[i] for i in test])
        np.testing.assert_allclose(stored, computed, rtol=1e-4, atol=1e-5)
        (exam,) = (k for k in views_of(predictor.trained.model) if k.name == "exam")
        kept = graph_set.view(f"exam-{run.networks}").state()
        assert all(np.array_equal(exam.state()[k].numpy(), v) for k, v in kept.items())
        found[run.networks] = stored
    assert len(found) == 2
    assert not np.allclose(found[8], found[4])


def test_numbers_are_read_once(viewed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph_set = GraphSet.open(viewed)
    task = open_task({"task": "regression", "target": "test_accuracy"}, graph_set, 8)
    seen: list[int] = []
    compute = Statistics.compute

    def counted(view: Statistics, part: Any) -> torch.Tensor:
        seen.append(len(part.values))
        return compute(view, part)

    monkeypatch.setattr(Statistics, "compute", counted)
    monkeypatch.setattr("pipelines.tasks.views.fresh", lambda *_, **__: None)
    model: Any = task.make("stat_mlp", {"hidden": 8, "views": ["statistics"]})
    observe(model, task)
    assert sum(seen) == 8
    for _ in range(3):
        task.loss(model, task.indices["train"])
        task.validate(model, model)
    assert sum(seen) == 8 + len(task.indices["validation"])


def test_views_of_networks_that_are_changed_are_computed_anew(viewed: Path) -> None:
    graph_set = GraphSet.open(viewed)
    task = open_task({"task": "regression", "target": "test_accuracy"}, graph_set, 8)
    model: Any = task.make("stat_mlp", {"hidden": 8, "views": ["statistics"]})
    batch = batch_of(graph_set, [0, 1], model)
    assert all(part.views for part in batch.parts)
    pairs = two_views(batch, 0.2, 0.5, False)
    bare = Batch(tuple(replace(part, views={}) for part in pairs.parts))
    assert torch.equal(model.eval()(pairs), model(bare))


def test_a_run_is_another_with_another_exam(viewed: Path, tmp_path: Path) -> None:
    _, runs = planned(write_settings(tmp_path), viewed, tmp_path / "train")
    (run, other) = (run for run in runs if run.name == "gmn")
    assert run.views == {"exam": GraphSet.open(viewed).view("exam-8").identity}
    assert run.views != other.views
    assert run.hash != replace(run, views=other.views).hash


def test_a_network_with_a_weight_that_is_no_number_is_not_predicted(
    viewed: Path, tmp_path: Path
) -> None:
    from pipelines.runs.together import alone

    models = {"trees": MODELS["trees"]}
    (run, _) = planned(write_settings(tmp_path, models), viewed, tmp_path / "train")[1]
    predictor = Predictor.load(trained(run, alone(torch.device("cpu"))))
    graph = GraphSet.open(viewed)[0]
    assert np.isfinite(predictor.predict([graph])).all()  # control
    weights = {name: np.array(w) for name, w in graph.weights().items()}
    next(iter(weights.values())).reshape(-1)[0] = np.nan
    with pytest.raises(PipelineError, match="a weight of a network is not finite"):
        predictor.predict([graph, graph.template.bind(weights)])


def test_a_training_on_fewer_networks_is_refused_the_exam_of_more(viewed: Path) -> None:
    task = open_task({"task": "regression", "target": "test_accuracy"}, GraphSet.open(viewed), 8)
    model = task.make("stat_mlp", {"hidden": 8, "views": ["exam"]})
    observe(model, task)
    task.indices = {**task.indices, "train": task.indices["train"][1:]}
    with pytest.raises(PipelineError, match="1 of them are not among the 7 training networks"):
        observe(model, task)


BESIDE = "`views` stands in `settings`, expected beside `metanet`"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"views": ["statistcs"]}, "unknown view 'statistcs'; did you mean 'statistics'"),
        ({"views": ["rows", "rows"]}, "`views` has 'rows' twice"),
        ({"views": "rows"}, "views"),
        ({"settings": {"hiden": 8}}, "GMN does not take these settings: hiden"),
        ({"settings": {"view_dropout": 2}}, "`view_dropout` is 2, expected a number"),
        ({"metanet": "viewed", "views": ["rows"]}, "'viewed': name the one inside"),
        ({"views": [{"exam": {"steps": 3}}]}, "stands in `compile: views:`"),
        ({"views": [3]}, "expected the name of a view, got 3"),
        ({"views": ["exam"], "settings": {"views": ["rows"]}}, BESIDE),
        ({"metanet": "stat_mlp", "settings": {"views": ["exam"]}}, BESIDE),
        ({"metanet": "stat_mlp", "settings": {"views": {"choice": [["exam"]]}}}, BESIDE),
        (
            {**MODELS["trees"], "search": {"views": [["exam"], ["rows"]]}},
            "`views` stands in `search`, expected beside `metanet`",
        ),
    ],
)
def test_mistakes_are_said_at_their_place(
    changes: dict[str, Any], message: str, viewed: Path, tmp_path: Path
) -> None:
    model = {**MODELS["gmn"], **changes}
    with pytest.raises(SpecError, match=message) as caught:
        planned(write_settings(tmp_path, {"own": model}), viewed, tmp_path / "train")
    assert str(tmp_path / "params.yaml:1:") in str(caught.value)


def test_an_exam_that_the_graph_set_lacks_is_asked_for(viewed: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"no view 'exam-6'.* add `\{exam: \{networks: \[6\]\}\}`"):
        planned(write_settings(tmp_path, networks=[6, 4]), viewed, tmp_path / "train")
