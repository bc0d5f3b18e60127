"""The views that `compile: views:` asks for: which these are, and what is no such thing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from view_stand_ins import EXAM, stamps
from view_toys import write_set
from zoo_toys import use_toys

from graphgen import GraphError, GraphSet
from pipelines.compile import compile_zoo
from pipelines.errors import PipelineError
from pipelines.tasks.targets import split_networks
from pipelines.views import Asked, asked_views, computing, store_views
from pipelines.zoo import generate
from spec import SpecError

SETTINGS = {"seed": 0, "splits": {"train": 0.5, "validation": 0.25, "test": 0.25}}


def params(folder: Path, views: Any) -> Path:
    file = folder / "params.yaml"
    file.write_text(json.dumps({"compile": {**SETTINGS, "views": views}}))
    return file


@pytest.mark.parametrize(
    ("views", "words"),
    [
        ("spectra", "expected a list"),
        ("spectra", "expected a list of mappings or strings"),
        ([3], "expected a mapping or a string, got 3"),
        (["spectrum"], "unknown view 'spectrum'; did you mean 'spectra'"),
        (["spectra", "spectra"], "`views` has 'spectra' twice"),
        (["exam", {"exam": {}}], "an entry has all sizes"),
        ([{"exam": {}, "spectra": {}}], "the name of one view, .*; got 'exam', 'spectra'"),
        ([{}], "the name of one view, .*; got none"),
        ([{"spectra": {"size": 3}}], "size"),
        ([{"exam": {"network": 3}}], "no option 'network'; did you mean 'networks'"),
        ([{"exam": {"networks": 0}}], "`networks` is 0, expected a number of training"),
        ([{"exam": {"networks": [3, "a"]}}], "`networks` is "),
        ([{"exam": {"networks": []}}], "`networks` is .*, null for all, or a list of these"),
        ([{"exam": {"networks": [None, None]}}], "has the same number twice"),
        ([{"exam": {"networks": [3, 3]}}], "has the same number twice"),
        ([{"exam": {"networks": True}}], "`networks` is true, expected"),
        ([{"exam": {"target": 3}}], "`target` is 3"),
        ([{"exam": {"target": "training.learning_rate"}}], "higher for better networks"),
        ([{"exam": {"target": "metrics.test_loss"}}], "higher for better networks"),
        ([{"exam": {"target": "test_mse"}}], "higher for better networks"),
        ([{"exam_sharpness": {"target": "loss"}}], "higher for better networks"),
        ([{"exam": {"steps": -1}}], "steps"),
        ([{"exam": {"steps": True}}], "`steps` is true, expected an integer"),
        ([{"exam": {"steps": 1.0}}], "`steps` is 1.0, expected an integer"),
        ([{"exam": {"steps": None}}], "`steps` is null, expected an integer"),
        ([{"exam": 3}], "params.yaml:1"),
    ],
)
def test_settings_that_ask_for_no_view_are_a_mistake(
    tmp_path: Path, views: Any, words: str
) -> None:
    with pytest.raises(SpecError, match=words) as error:
        compile_zoo(params(tmp_path, views), tmp_path / "zoo", tmp_path / "graphs")
    assert "params.yaml:1:" in str(error.value)


def write_zoo(folder: Path, monkeypatch: pytest.MonkeyPatch, count: int = 12) -> None:
    from zoo_toys import train  # noqa: F401

    use_toys(monkeypatch)
    folder.mkdir(exist_ok=True)
    (folder / "mlp.yaml").write_text(
        "inputs: {image: [1, 8, 8]}\nlayers: [flatten, {linear: {out_features: 10}}]\n"
    )
    zoo = {
        "dataset": "digits",
        "count": count,
        "architectures": [{"family": "mlp", "file": "mlp.yaml"}],
        "training": {"learning_rate": 1e-2, "epochs": 1},
    }
    (folder / "zoo.yaml").write_text(json.dumps({"zoo": zoo}))
    generate(folder / "zoo.yaml", folder / "zoo", workers=1)


def test_compile_computes_the_views_of_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_zoo(tmp_path, monkeypatch)
    file = params(tmp_path, ["spectra", {"exam": {"networks": [None, 6], **EXAM}}])
    graphs = compile_zoo(file, tmp_path / "zoo", tmp_path / "graphs")
    assert graphs.views == ("exam", "exam-6", "spectra")
    before = stamps(tmp_path / "graphs/views")
    again = compile_zoo(file, tmp_path / "zoo", tmp_path / "graphs", replace=True)
    assert again.hash == graphs.hash
    assert stamps(tmp_path / "graphs/views") == before
    for options, words in (({"networks": 7}, "there are 6"), ({"target": "no"}, "no metric 'no'")):
        wrong = params(tmp_path, [{"exam": {**EXAM, **options}}])
        with pytest.raises(PipelineError, match=f"params.yaml: making the view 'exam' .*{words}"):
            compile_zoo(wrong, tmp_path / "zoo", tmp_path / "other")
        assert not (tmp_path / "other").exists()
        with pytest.raises(PipelineError, match=words):
            compile_zoo(wrong, tmp_path / "zoo", tmp_path / "graphs", replace=True)
        assert stamps(tmp_path / "graphs/views") == before
    compile_zoo(params(tmp_path, []), tmp_path / "zoo", tmp_path / "graphs", replace=True)
    assert GraphSet.open(tmp_path / "graphs").views == ()


def test_views_of_another_graph_set_of_the_zoo_are_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_zoo(tmp_path, monkeypatch)
    write_zoo(tmp_path / "more", monkeypatch, 13)
    zoo, asked = tmp_path / "zoo", ["spectra", "statistics", {"exam": EXAM}]
    first = compile_zoo(params(tmp_path, asked), zoo, tmp_path / "first", workers=1)
    other = params(tmp_path, asked)
    settings = json.loads(other.read_text())
    settings["compile"]["seed"] = 5
    other.write_text(json.dumps(settings))
    alone = compile_zoo(other, zoo, tmp_path / "alone", workers=1)
    assert [one["split"] for one in alone.records] != [one["split"] for one in first.records]
    computed = []
    compute = computing.compute
    monkeypatch.setattr(
        computing, "compute", lambda *call: computed.append(call[2]) or compute(*call)
    )
    taken = compile_zoo(other, zoo, tmp_path / "taken", workers=1, views_of=tmp_path / "first")
    assert taken.views == alone.views
    assert set(computed) == {"exam"}  # made from training networks, which are others now
    for name in taken.views:
        kept, expected = taken.view(name), alone.view(name)
        assert kept.identity == expected.identity
        for i in range(len(taken)):
            np.testing.assert_array_equal(kept[i], expected[i])
    assert any((first.view("exam")[i] != taken.view("exam")[i]).any() for i in range(len(taken)))
    with pytest.raises(PipelineError, match="is no graph set of this zoo"):
        compile_zoo(
            other, tmp_path / "more/zoo", tmp_path / "none", workers=1, views_of=tmp_path / "first"
        )
    assert not (tmp_path / "none").exists()


def test_what_is_no_mistake(tmp_path: Path) -> None:
    options = {"per_class": None, "panel": None, "target": "metrics.balanced_accuracy"}
    with pytest.raises(GraphError, match="zoo"):
        compile_zoo(params(tmp_path, [{"exam": options}]), tmp_path / "zoo", tmp_path / "graphs")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"networks": 1000}, "of 1000 training networks: .* asked for, there are 9"),
        ({"networks": 1}, "of 1 training network: "),
        ({"target": "nothing"}, "has no metric 'nothing'"),
        ({"panel": 10}, "`panel` is 10, expected at most 9"),
        ({"networks": 4, "panel": 5}, "`panel` is 5, expected at most 4"),
        ({"target": "seconds"}, "'seconds' of network 1 is 30, expected its share"),
    ],
)
def test_views_that_cannot_be_made_leave_everything_as_it_was(
    tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    first = write_set(tmp_path)
    rows: list[Any] = []
    for i, record in enumerate(first.records):
        metrics = {**record["metrics"], "seconds": 30 * (i == 1)}
        net = first.architectures[record["architecture"]]
        rows.append((net, first[i].tensors, {**record, "metrics": metrics}))
    GraphSet.write(tmp_path, rows, replace=True)
    store_views(tmp_path, asked_views(["spectra", {"exam": EXAM}]), workers=1)
    before = stamps(tmp_path)
    wrong = asked_views(["rows", {"exam": {**EXAM, **options}}])
    with pytest.raises(PipelineError, match=words):
        store_views(tmp_path, wrong, workers=1)
    assert stamps(tmp_path) == before
    store_views(tmp_path, asked_views(["rows", {"exam": {**EXAM, "panel": 9}}]), workers=1)
    assert GraphSet.open(tmp_path).views == ("exam", "rows")  # control


def test_views_asked_for() -> None:
    assert asked_views(["exam"]) == [Asked("exam", {}, "test_accuracy", None)]
    assert asked_views([{"exam": {"target": "x", "steps": 3}}])[0].options == {"steps": 3}


@pytest.mark.parametrize("numbers", [None, [None], [None, 4]])
def test_null_asks_for_all_training_networks(tmp_path: Path, numbers: Any) -> None:
    entry = {"exam": {"networks": numbers, **EXAM}}
    asked = asked_views([entry])
    assert asked[0] == asked_views([{"exam": EXAM}])[0]
    assert [one.name for one in asked] == (["exam"] if numbers != [None, 4] else ["exam", "exam-4"])
    graph_set = store_views(write_set(tmp_path).folder, asked, workers=1)
    assert list(graph_set.view("exam").made_of) == split_networks(graph_set)["train"]
