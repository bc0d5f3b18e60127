"""No table mixes settings, graph sets, code or versions, and nothing that was changed is read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from graphgen import GraphError, GraphSet
from pipelines import provenance
from pipelines.compile import compile_zoo
from pipelines.errors import PipelineError
from pipelines.evaluation import evaluate
from pipelines.experiment import check_results
from pipelines.results import read_results, result_file
from pipelines.runs.collection import listed_runs
from pipelines.training import Predictor, planning, train

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
    monkeypatch.setattr(planning, "maker_of", lambda *modules: "0" * 64)
    with pytest.raises(PipelineError, match="or by other code or versions"):
        table(trees, graphs, params=file)
    with pytest.raises(PipelineError, match="other code or versions"):
        train(file, graphs, trees, workers=1)
    train(file, graphs, trees.parent / "more" / "b", workers=1, only="b")
    shutil.copytree(trees, trees.parent / "more" / "a")
    with pytest.raises(PipelineError, match=r"(two kinds of code|two runs of the model 'b')"):
        table(trees.parent / "more", graphs)


def test_other_versions_are_another_run(
    trees: Path, graphs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = trees.parent / "params.yaml"
    table(trees, graphs, params=file)  # the control
    versions = {**provenance.made_with(), "torch": "1.0"}
    monkeypatch.setattr(provenance, "made_with", lambda: versions)
    provenance.maker_of.cache_clear()
    try:
        with pytest.raises(PipelineError, match="by other code or versions"):
            table(trees, graphs, params=file)
        with pytest.raises(PipelineError, match="other code or versions"):
            train(file, graphs, trees, workers=1)
    finally:
        provenance.maker_of.cache_clear()


def test_comments_do_not_change_the_code_and_statements_do(tmp_path: Path) -> None:
    forms = [
        '"""One."""\ndef f(x):\n    """Two."""\n    return x + 1\n',
        "# A comment.\ndef f( x ):\n    return (x+1)   # another\n",
        "def f(x):\n    return x + 2\n",
        "def f(x, y=1):\n    return x + 1\n",
    ]
    essences = []
    for number, text in enumerate(forms):
        path = tmp_path / f"module{number}.py"
        path.write_text(text)
        essences.append(provenance.read_source(path)[1])
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
    with pytest.raises((GraphError, PipelineError), match="changed or damaged"):
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
    runs = {"a-seed0", "a-seed1", "b-seed0", "b-seed1"}
    assert set(read_results(results)["of"]["runs"]) == runs
    found = check_results(root, hash_)
    assert {name: history for name, (_, history) in found.items()} == dict.fromkeys(runs)
    with pytest.raises(PipelineError, match="measured on another graph set"):
        check_results(root, "0" * 64)
    file = write(trees.parent, {"a": {"metanet": "statnn", "settings": {"trees": 4}}})
    train(file, graphs, root / "out" / "train", workers=1, replace=True)
    with pytest.raises(PipelineError, match="trained again, trained newly or removed"):
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
