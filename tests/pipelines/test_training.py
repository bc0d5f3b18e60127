"""Searching, training and evaluating metanets on a small zoo of real networks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graphgen import GraphSet
from graphgen.files import read_weights
from pipelines.compile import compile_zoo
from pipelines.errors import PipelineError
from pipelines.evaluation import evaluate
from pipelines.report.subject import target_words
from pipelines.runs import loop
from pipelines.runs.checkpoint import epochs_done
from pipelines.tasks.targets import read_targets
from pipelines.training import search, train
from pipelines.training.planning import planned

RECIPE = {
    "epochs": 3,
    "batch_size": 4,
    "learning_rate": 1e-3,
    "weight_decay": 0.0,
    "gradient_norm": 1.0,
}
TRAIN: dict[str, Any] = {
    "target": "test_accuracy",
    "seeds": [0, 1],
    "networks": [8, 4],
    "search": {"trials": 2, "epochs": 1},
    "models": {
        "gmn": {
            "metanet": "gmn",
            "settings": {"hidden": 8, "layers": 1, "dropout": {"choice": [0.0, 0.2]}},
            "training": {**RECIPE, "learning_rate": {"log_uniform": [1e-4, 1e-2]}},
        },
        "statnn": {"metanet": "statnn", "settings": {"trees": {"choice": [3, 5]}, "leaves": 2}},
    },
}


@contextmanager
def one_thread() -> Iterator[None]:
    """Add in the order in which a worker of `train` does."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def write_settings(folder: Path, **changes: Any) -> Path:
    file = folder / "params.yaml"
    file.write_text(json.dumps({"train": {**TRAIN, **changes}}))
    return file


def test_wider_networks_are_in_no_other_split(graphs: Path) -> None:
    records = GraphSet.open(graphs).records
    for record in records:
        variables = record["variables"]
        wide = variables.get("width", 0) > 4 or variables.get("channels", 0) > 2
        assert wide == (record["split"] == "wider")
    assert {record["split"] for record in records} == {"train", "validation", "test", "wider"}


def test_unseen_families_are_in_no_other_split(graphs: Path, tmp_path: Path) -> None:
    splits = {"train": 0.6, "validation": 0.2, "test": 0.2}
    both = {"unseen": ["cnn"], "wider": {"mlp": {"width": 4}}}
    file = tmp_path / "params.yaml"
    file.write_text(json.dumps({"compile": {"seed": 0, "splits": splits, **both}}))
    records = compile_zoo(file, graphs.parent / "zoo", tmp_path / "graphs").records
    for record in records:
        assert (record["family"] == "cnn") == (record["split"] == "unseen")
    assert {r["split"] for r in records} == {"train", "validation", "test", "wider", "unseen"}
    for names, message in (
        (["cnn", "lstm"], "`unseen` names lstm, but the families of this zoo are cnn, mlp"),
        (["cnn", "mlp"], "`unseen` names all families of this zoo: leave one to train on"),
    ):
        text = {"compile": {"seed": 0, "splits": splits, "unseen": names}}
        file.write_text(json.dumps(text))
        with pytest.raises(PipelineError, match=message):
            compile_zoo(file, graphs.parent / "zoo", tmp_path / "others")


@pytest.mark.parametrize(
    ("wider", "message"),
    [
        ({"mlp": {"width": 4}}, "the families of this zoo are cnn, mlp"),
        ({"mlp": {"depth": 4}, "cnn": {"channels": 2}}, "`depth` of network .* is None"),
    ],
)
def test_limits_that_do_not_fit_are_a_mistake(
    graphs: Path, tmp_path: Path, wider: dict[str, Any], message: str
) -> None:
    splits = {"train": 0.6, "validation": 0.2, "test": 0.2}
    file = tmp_path / "params.yaml"
    file.write_text(json.dumps({"compile": {"seed": 0, "splits": splits, "wider": wider}}))
    with pytest.raises(PipelineError, match=message):
        compile_zoo(file, graphs.parent / "zoo", tmp_path / "graphs")


def test_fewer_networks_are_a_part_of_more(graphs: Path) -> None:
    graph_set = GraphSet.open(graphs)
    few, more = (
        read_targets(graph_set, "test_accuracy", networks).indices["train"] for networks in (4, 8)
    )
    assert (len(few), len(more)) == (4, 8)
    assert set(few) < set(more)
    with pytest.raises(PipelineError, match="100 training networks are asked for, there are"):
        read_targets(graph_set, "test_accuracy", 100)


def test_a_target_by_its_logarithm(graphs: Path) -> None:
    graph_set = GraphSet.open(graphs)
    rates = read_targets(graph_set, "training.learning_rate").values
    assert read_targets(graph_set, "log10 training.learning_rate").values == pytest.approx(
        np.log10(rates)
    )
    graph_set.records[3]["training"]["learning_rate"] = 0
    with pytest.raises(PipelineError, match="of network 3 is 0, which has no logarithm; expected"):
        read_targets(graph_set, "log10 training.learning_rate")


def test_a_logarithm_is_named_in_reports() -> None:
    assert target_words({"target": "log10 training.learning_rate"}) == "log10 learning rate"
    assert target_words({"target": "training.learning_rate"}) == "learning rate"


def test_search_train_and_evaluate(graphs: Path, tmp_path: Path) -> None:
    file = write_settings(tmp_path)
    with pytest.raises(PipelineError, match="settings.dropout, training.learning_rate: a range"):
        train(file, graphs, tmp_path / "train", workers=2)
    found = search(file, graphs, tmp_path / "search", workers=2)
    assert set(found) == {"gmn-8", "gmn-4", "statnn-8", "statnn-4"}
    for label, result in found.items():
        trials = result["trials"]
        assert len(trials) == 2
        assert trials[result["chosen"]]["r2"] == max(trial["r2"] for trial in trials)
        if label.startswith("gmn"):
            chosen = trials[result["chosen"]]["values"]
            training = result["model"]["training"]
            assert training["learning_rate"] == chosen["training.learning_rate"]
            # Half of the networks are gone through more often; a trial has fewer epochs.
            assert training["epochs"] == {"gmn-8": 3, "gmn-4": 4}[label]
    runs = train(file, graphs, tmp_path / "train", workers=2, choices=tmp_path / "search")
    assert len(runs) == 8
    evaluate(tmp_path / "train", graphs, tmp_path / "results")
    for name in ("metrics", "validation", "wider"):
        table = json.loads((tmp_path / "results" / f"{name}.json").read_text())
        assert set(table) == set(found)
        assert all(np.isfinite(row["r2"]["mean"]) for row in table.values())
    # A search of other settings is not taken for that of these.
    other = write_settings(tmp_path, target="test_loss")
    with pytest.raises(PipelineError, match="of other settings, graphs, code or versions; run"):
        train(other, graphs, tmp_path / "train", workers=2, choices=tmp_path / "search")


def test_a_stopped_run_goes_on_as_if_it_had_not_been(graphs: Path, tmp_path: Path) -> None:
    model = {"gmn": {"metanet": "gmn", "settings": {"hidden": 8, "layers": 1}, "training": RECIPE}}
    file = write_settings(tmp_path, models=model, seeds=[0], networks=[8])
    (straight,) = train(file, graphs, tmp_path / "straight", workers=1)
    _, (stopped,) = planned(file, graphs, tmp_path / "stopped")
    expected = read_weights(straight.folder / "model.safetensors")

    class StoppedError(Exception):
        pass

    real = loop.save_checkpoint

    def stop_after_one(*arguments: Any) -> None:
        real(*arguments)
        raise StoppedError

    with one_thread():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "save_checkpoint", stop_after_one)
            with pytest.raises(StoppedError):
                stopped.execute()
        assert epochs_done(stopped.work_folder) == 1
        stopped.execute()
    result = read_weights(stopped.place() / "model.safetensors")
    assert all(np.array_equal(result[name], array) for name, array in expected.items())
    for name in ("history.csv", "settings.json"):
        assert (straight.folder / name).read_bytes() == (stopped.place() / name).read_bytes()
    files = {path.name for path in stopped.place().iterdir()}
    assert files == {
        *(
            "README.md",
            "cost.csv",
            "history.csv",
            "model.safetensors",
            "networks.safetensors",
            "settings.json",
        ),
    }


def test_two_processes_train_as_one_with_the_same_batches(graphs: Path, tmp_path: Path) -> None:
    training = {**RECIPE, "batch_size": 3}  # the last batch has one network for two processes
    model = {
        "gmn": {"metanet": "gmn", "settings": {"hidden": 8, "layers": 1}, "training": training}
    }
    file = write_settings(tmp_path, models=model, seeds=[0], networks=[7])
    (one,) = train(file, graphs, tmp_path / "one")
    (two,) = train(file, graphs, tmp_path / "two", processes=2)
    curves = [np.loadtxt(r.folder / "history.csv", delimiter=",", skiprows=1) for r in (one, two)]
    np.testing.assert_allclose(curves[0][:, 1:4], curves[1][:, 1:4], rtol=1e-4)
    evaluate(tmp_path / "one", graphs, tmp_path / "a")
    evaluate(tmp_path / "two", graphs, tmp_path / "b")
    tables = [json.loads((tmp_path / f / "metrics.json").read_text()) for f in ("a", "b")]
    for name in ("r2", "mae"):
        values = [table["gmn-7"][name]["mean"] for table in tables]
        assert values[0] == pytest.approx(values[1], rel=1e-3)
    # The control: other batches give another curve.
    model["gmn"]["training"] = {**training, "batch_size": 2}
    (other,) = train(
        write_settings(tmp_path, models=model, seeds=[0], networks=[7]), graphs, tmp_path / "other"
    )
    curve = np.loadtxt(other.folder / "history.csv", delimiter=",", skiprows=1)
    assert abs(curve[:, 1:4] / curves[0][:, 1:4] - 1).max() > 1e-3
