"""No table mixes settings, graph sets, code or versions, and nothing that was changed is read."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphgen import GraphError, GraphSet
from graphgen.files import read_weights, write_json
from graphgen.files.document import canonical
from metanet import GMN
from pipelines import provenance
from pipelines.compile import compile_zoo
from pipelines.errors import PipelineError
from pipelines.evaluation import evaluate
from pipelines.experiment import check_results
from pipelines.results import read_results, result_file
from pipelines.runs.collection import listed_runs
from pipelines.training import Predictor, fit, planning, train
from pipelines.training.trained import RUN, Trained

TREES = {"metanet": "statnn", "settings": {"trees": 3, "leaves": 2}}
RECIPE = {
    "epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "weight_decay": 0.0, "gradient_norm": 1.0,
}  # fmt: skip
SMALL_GMN = {"metanet": "gmn", "settings": {"hidden": 8, "layers": 1}, "training": RECIPE}


def write(folder: Path, models: dict[str, Any], **changes: Any) -> Path:
    section = {"target": "test_accuracy", "seeds": [0, 1], "models": models, **changes}
    file = folder / "params.yaml"
    file.write_text(json.dumps({"train": section}))
    return file


@pytest.fixture(scope="module")
def trained_trees(graphs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train two models of trees with two seeds; give the folder."""
    folder = tmp_path_factory.mktemp("trees")
    train(write(folder, {"a": TREES, "b": TREES}), graphs, folder / "train", workers=1)
    return folder / "train"


@pytest.fixture
def trees(trained_trees: Path, tmp_path: Path) -> Path:
    """Copy the runs and their settings, so that they may be changed; give the folder."""
    shutil.copytree(trained_trees.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / "train"


def table(folder: Path, graphs: Path, **options: Any) -> dict[str, int]:
    """Evaluate, and give the number of seeds of each model."""
    found = evaluate(folder, graphs, folder.parent / "results", replace=True, **options)
    return {model: row["seeds"] for model, row in found.items()}


def other_split(graphs: Path, out: Path) -> Path:
    file = out.parent / "split.yaml"
    splits = {"train": 0.6, "validation": 0.2, "test": 0.2}
    file.write_text(json.dumps({"compile": {"seed": 1, "splits": splits}}))
    compile_zoo(file, graphs.parent / "zoo", out)
    return out


def test_the_control_a_table_of_all(trees: Path, graphs: Path) -> None:
    assert table(trees, graphs) == {"a": 2, "b": 2}
    assert table(trees, graphs, params=trees.parent / "params.yaml") == {"a": 2, "b": 2}


def test_runs_of_other_settings_are_not_mixed_with_new_ones(trees: Path, graphs: Path) -> None:
    before = listed_runs(trees)
    changed = {"metanet": "statnn", "settings": {"trees": 5, "leaves": 2}}
    file = write(trees.parent, {"a": changed, "b": TREES}, seeds=[0])
    # By the settings, seed 0 of `a` is not there.
    with pytest.raises(PipelineError, match=r"a-seed0: trained by other settings.*gmn train"):
        table(trees, graphs, params=file)
    with pytest.raises(PipelineError, match=r"a-seed0: trained by other settings.*--replace"):
        train(file, graphs, trees, workers=1)
    assert listed_runs(trees) == before
    train(file, graphs, trees, workers=1, replace=True)
    assert table(trees, graphs) == {"a": 1, "b": 1}
    assert table(trees, graphs, params=file) == {"a": 1, "b": 1}


def test_a_model_removed_from_the_settings_leaves_the_table(trees: Path, graphs: Path) -> None:
    file = write(trees.parent, {"b": TREES})
    assert table(trees, graphs, params=file) == {"b": 2}
    train(file, graphs, trees, workers=1)
    assert table(trees, graphs) == {"b": 2}
    assert (trees / "a-seed0").exists()  # nothing is lost
    file = write(trees.parent, {"a": TREES, "b": TREES, "c": TREES})
    with pytest.raises(PipelineError, match="asks for a-seed0, a-seed1, c-seed0, c-seed1, not"):
        table(trees, graphs, params=file)


def test_one_model_is_trained_and_the_others_of_the_same_settings_stay(
    trees: Path, graphs: Path
) -> None:
    file = write(trees.parent, {"a": TREES, "b": TREES}, seeds=[0, 1, 2])
    train(file, graphs, trees, workers=1, only="a")
    assert table(trees, graphs) == {"a": 3, "b": 2}
    with pytest.raises(PipelineError, match="asks for b-seed2, not trained yet"):
        table(trees, graphs, params=file)


def test_runs_are_not_evaluated_on_networks_they_were_trained_on(
    trees: Path, graphs: Path, tmp_path: Path
) -> None:
    other = other_split(graphs, tmp_path / "other")
    split = {
        name: {row["index"] for row in GraphSet.open(folder).records if row["split"] == name}
        for name, folder in (("train", graphs), ("test", other))
    }
    assert split["train"] & split["test"]  # what would go wrong
    with pytest.raises(PipelineError, match="trained on the graph set .*gmn train"):
        table(trees, other)


def test_code_that_changed_is_another_run(
    trees: Path, graphs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = trees.parent / "params.yaml"
    monkeypatch.setattr(planning, "code_of", lambda *modules: "0" * 64)
    with pytest.raises(PipelineError, match="or by other code"):
        table(trees, graphs, params=file)
    with pytest.raises(PipelineError, match="other code"):
        train(file, graphs, trees, workers=1)
    train(file, graphs, trees.parent / "more" / "b", workers=1, only="b")
    shutil.copytree(trees, trees.parent / "more" / "a")
    with pytest.raises(PipelineError, match=r"(two kinds of code|two runs of the model 'b')"):
        table(trees.parent / "more", graphs)


def test_comments_do_not_change_the_code_and_statements_do(tmp_path: Path) -> None:
    forms = [
        '"""One."""\ndef f(x):\n    """Two."""\n    return x + 1\n',
        "# A comment.\ndef f( x ):\n    return (x+1)   # another\n",
        "def f(x):\n    return x + 2\n",
        "def f(x, y=1):\n    return x + 1\n",
    ]
    essences = []
    for text in forms:
        path = tmp_path / "module.py"
        path.write_text(text)
        essences.append(provenance.essence(path))
    assert essences[0] == essences[1]
    assert len(set(essences)) == 3
    reached = provenance.imported("pipelines.zoo.task")
    assert {"pipelines.zoo.fit", "pipelines.datasets", "metanet.evaluate.stack"} <= reached
    assert "pipelines.report" not in reached


@pytest.mark.parametrize("what", ["train", "evaluate"])
def test_flipped_bytes_of_a_shard_are_not_used(graphs: Path, tmp_path: Path, what: str) -> None:
    copy = tmp_path / "graphs"
    shutil.copytree(graphs, copy)
    file = write(tmp_path, {"a": TREES}, seeds=[0])
    if what == "evaluate":
        train(file, copy, tmp_path / "train", workers=1)
    shard = next(copy.glob("shard-*.safetensors"))
    data = bytearray(shard.read_bytes())
    for place in (-3, -50, -99):
        data[place] ^= 4
    shard.write_bytes(data)
    use = {
        "train": lambda: train(file, copy, tmp_path / "train", workers=1),
        "evaluate": lambda: evaluate(tmp_path / "train", copy, tmp_path / "results"),
    }
    with pytest.raises(GraphError, match="changed or damaged"):
        use[what]()


def test_an_edited_run_is_not_used(trees: Path, graphs: Path) -> None:
    run = trees / "a-seed0"
    settings, model = run / "settings.json", run / "model.safetensors"
    intact = settings.read_text()
    content = json.loads(intact)
    content["learned"]["mean"] += 0.5
    settings.write_text(json.dumps(content))
    for use in (lambda: Predictor.load(run), lambda: table(trees, graphs)):
        with pytest.raises(GraphError, match=r"settings\.json: the content does not match"):
            use()
    settings.write_text(intact)
    data = bytearray(model.read_bytes())
    data[-1] ^= 1
    model.write_bytes(data)
    for use in (lambda: Predictor.load(run), lambda: table(trees, graphs)):
        with pytest.raises((GraphError, PipelineError), match="changed or damaged"):
            use()


def resealed(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change settings as an enemy does, who knows how the hash is made."""
    content = json.loads((run / "settings.json").read_text())
    change(content)
    content.pop("hash")
    text = canonical(run, content)
    write_json(
        run / "settings.json", {**content, "hash": hashlib.sha256(text.encode()).hexdigest()}
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(version=2), "got version 2"),
        (lambda s: s.pop("version"), "got version None"),
        (lambda s: s["settings"].update(hidden=10**18), "hidden"),
        (lambda s: s["settings"].update(layers=10**18), "layers"),
        (lambda s: s["settings"].update(layers=-1), "layers"),
        (lambda s: s["settings"].update(unheard_of=1), "unheard_of"),
        (lambda s: s.update(model="no such"), "no such"),
        (lambda s: s.update(model=5), "model: got 5"),
        (lambda s: s["learned"].update(deviation=0), r"learned\.deviation"),
        (lambda s: s["learned"].pop("mean"), "mean"),
        (lambda s: s["task"].update(task="no such"), "task"),
        (lambda s: s.pop("trained_on"), "trained_on"),
        (lambda s: s["parts"][0].update(file="../model.safetensors"), "file"),
        (lambda s: s["settings"].update(hidden=16), r"model\.safetensors"),
        (lambda s: s.update(parts=[]), "no part"),
    ],
)  # fmt: skip
def test_hostile_settings_of_a_run_are_refused(
    small_gmn: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    run = tmp_path / "run"
    shutil.copytree(small_gmn, run)
    Trained.load(run)
    resealed(run, change)
    with pytest.raises((GraphError, PipelineError), match=message):
        Trained.load(run)


@pytest.fixture(scope="module")
def small_gmn(graphs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a small GMN; give the run's folder."""
    folder = tmp_path_factory.mktemp("gmn")
    (run,) = train(write(folder, {"g": SMALL_GMN}, seeds=[0]), graphs, folder / "train", workers=1)
    return run.folder


def test_a_saved_predictor_outlives_the_defaults(
    small_gmn: Path, graphs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph_set = GraphSet.open(graphs)
    before = Predictor.load(small_gmn).predict_set(graph_set, [0, 1, 2])
    changed = {**GMN.__init__.__kwdefaults__, "norm": False, "activation": "relu"}
    with monkeypatch.context() as patch:
        patch.setattr(GMN.__init__, "__kwdefaults__", changed)
        assert GMN(8, 1).settings["activation"] == "relu"
        after = Predictor.load(small_gmn).predict_set(graph_set, [0, 1, 2])
    assert np.array_equal(before, after)


def test_a_saved_predictor_says_what_it_is(small_gmn: Path, graphs: Path) -> None:
    about = Trained.load(small_gmn).about
    graph_set = GraphSet.open(graphs)
    chosen = [i for i, row in enumerate(graph_set.records) if row["split"] == "train"]
    values = np.concatenate([graph_set.values([i])[0] for i in chosen])
    seen = about["trained_on"]
    assert seen["graph_set"] == graph_set.hash
    assert seen["networks"] == len(chosen)
    assert seen["families"] == ["cnn", "mlp"]
    assert seen["weights"] == [float(values.min()), float(values.max())]
    assert about["made_with"].keys() >= {"graph-metanetworks", "torch", "numpy"}
    assert set(about["scores"]["validation"]) == {"r2", "tau", "mae"}


def test_a_damaged_checkpoint_is_told_of_and_not_used(
    graphs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, {"g": SMALL_GMN}, seeds=[0])
    (whole,) = train(file, graphs, tmp_path / "whole", workers=1)
    expected = read_weights(whole.folder / "model.safetensors")
    _, (run,) = planning.planned(file, graphs, tmp_path / "train")
    real = fit.save_checkpoint
    with pytest.MonkeyPatch.context() as patch:

        def save_and_stop(*arguments: Any) -> None:
            real(*arguments)
            raise KeyboardInterrupt

        patch.setattr(fit, "save_checkpoint", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            run.execute()
    path = run.work_folder / "checkpoint.safetensors"
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    train(file, graphs, tmp_path / "train", workers=1)
    assert "does not match its hash; the run begins anew" in capfd.readouterr().err
    found = read_weights(run.folder / "model.safetensors")
    assert all(np.array_equal(found[name], array) for name, array in expected.items())


def test_results_say_of_what_they_are_and_a_report_is_of_no_others(
    trees: Path, graphs: Path
) -> None:
    root = trees.parent / "root"
    (root / "out").mkdir(parents=True)
    shutil.copytree(trees, root / "out" / "train")
    results = root / "out" / "results"
    evaluate(root / "out" / "train", graphs, results)
    hash_ = GraphSet.open(graphs).hash
    assert read_results(results)["of"]["graph_set"] == hash_
    assert set(check_results(root, hash_)) == {"a-seed0", "a-seed1", "b-seed0", "b-seed1"}
    with pytest.raises(PipelineError, match="measured on another graph set"):
        check_results(root, "0" * 64)
    file = write(trees.parent, {"a": {"metanet": "statnn", "settings": {"trees": 4}}})
    train(file, graphs, root / "out" / "train", workers=1, replace=True)
    with pytest.raises(PipelineError, match="trained again, or removed, since it was evaluated"):
        check_results(root, hash_)
    metrics = results / "metrics.json"
    metrics.write_text(metrics.read_text().replace("0.", "0.9", 1))
    with pytest.raises(GraphError, match=r"metrics\.json: changed or damaged"):
        result_file(results, "metrics.json")


def test_results_are_not_written_over_unasked(trees: Path, graphs: Path, tmp_path: Path) -> None:
    evaluate(trees, graphs, tmp_path / "results")
    with pytest.raises(GraphError, match="holds a graph-metanetworks/results already"):
        evaluate(trees, graphs, tmp_path / "results")
    for out in (trees, graphs):
        before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
        with pytest.raises((GraphError, PipelineError), match="holds"):
            compile_zoo(graphs.parent / "params.yaml", graphs.parent / "zoo", out)
        with pytest.raises((GraphError, PipelineError), match="holds"):
            train(trees.parent / "params.yaml", graphs, graphs, workers=1)
        assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_the_schema_is_that_of_what_is_written(small_gmn: Path) -> None:
    content = json.loads((small_gmn / "settings.json").read_text())
    assert set(RUN.schema["required"]) <= content.keys()
