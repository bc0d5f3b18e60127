"""The views that `compile: views:` asks for: which these are, and what is no such thing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from view_stand_ins import EXAM, stamps
from view_toys import write_set
from zoo_toys import use_toys

from graphgen import GraphSet
from pipelines.compile import compile_zoo
from pipelines.tasks.targets import split_networks
from pipelines.views import Asked, asked_views, store_views
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
        ([3], "expected a string"),
        (["spectrum"], "unknown view 'spectrum'; did you mean 'spectra'"),
        (["spectra", "spectra"], "`views` has 'spectra' twice"),
        (["exam", {"exam": {}}], "an entry has all sizes"),
        ([{"exam": {}, "spectra": {}}], "params.yaml:1"),
        ([{"spectra": {"size": 3}}], "size"),
        ([{"exam": {"network": 3}}], "no option 'network'; did you mean 'networks'"),
        ([{"exam": {"networks": 0}}], "`networks` is 0, expected a number of training"),
        ([{"exam": {"networks": [3, "a"]}}], "`networks` is "),
        ([{"exam": {"networks": []}}], "`networks` is .*, null for all, or a list of these"),
        ([{"exam": {"networks": [None, None]}}], "has the same number twice"),
        ([{"exam": {"networks": [3, 3]}}], "has the same number twice"),
        ([{"exam": {"target": 3}}], "`target` is 3"),
        ([{"exam": {"steps": -1}}], "steps"),
        ([{"exam": 3}], "params.yaml:1"),
    ],
)
def test_settings_that_ask_for_no_view_are_a_mistake(
    tmp_path: Path, views: Any, words: str
) -> None:
    with pytest.raises(SpecError, match=words) as error:
        compile_zoo(params(tmp_path, views), tmp_path / "zoo", tmp_path / "graphs")
    assert "params.yaml:1:" in str(error.value)


def test_compile_computes_the_views_of_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zoo_toys import train  # noqa: F401

    use_toys(monkeypatch)
    (tmp_path / "mlp.yaml").write_text(
        "inputs: {image: [1, 8, 8]}\nlayers: [flatten, {linear: {out_features: 10}}]\n"
    )
    zoo = {
        "dataset": "digits",
        "count": 12,
        "architectures": [{"family": "mlp", "file": "mlp.yaml"}],
        "training": {"learning_rate": 1e-2, "epochs": 1},
    }
    (tmp_path / "zoo.yaml").write_text(json.dumps({"zoo": zoo}))
    generate(tmp_path / "zoo.yaml", tmp_path / "zoo", workers=1)
    file = params(tmp_path, ["spectra", {"exam": {"networks": [None, 6], **EXAM}}])
    graphs = compile_zoo(file, tmp_path / "zoo", tmp_path / "graphs")
    assert graphs.views == ("exam", "exam-6", "spectra")
    before = stamps(tmp_path / "graphs/views")
    again = compile_zoo(file, tmp_path / "zoo", tmp_path / "graphs", replace=True)
    assert again.hash == graphs.hash
    assert stamps(tmp_path / "graphs/views") == before
    compile_zoo(params(tmp_path, []), tmp_path / "zoo", tmp_path / "graphs", replace=True)
    assert GraphSet.open(tmp_path / "graphs").views == ()


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
