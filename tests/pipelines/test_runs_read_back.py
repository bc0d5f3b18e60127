"""Runs, checkpoints, searches and graph sets under a right hash, whose content does not fit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import training_toys
from fuzz.limits import bounded
from fuzz.run_mutations import GIGANTIC
from generation_toys import put, rewrite

from graphgen import GraphError, GraphSet
from graphgen.files import open_safetensors, read_weights, write_safetensors
from graphgen.files.sealed import file_hash
from metanet import MetanetError
from pipelines.errors import PipelineError
from pipelines.graphs import open_graphs
from pipelines.runs.checkpoint import content_hash
from pipelines.training import Editor, Predictor, train
from pipelines.training.search import is_choice
from pipelines.training.trained import Trained

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    training_toys.make(folder)
    return folder


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "work"))


def rearrange(folder: Path, change: Change) -> None:
    """Change a run's parameters, and let its settings name them by their new hash."""
    path = folder / "model.safetensors"
    arrays = {name: np.array(array) for name, array in read_weights(path).items()}
    before = file_hash(path)
    change(arrays)
    write_safetensors(path, arrays)
    after = file_hash(path)

    def seal(data: dict[str, Any]) -> None:
        for part in data["parts"]:
            part["sha256"] = after if part["sha256"] == before else part["sha256"]

    rewrite(folder / "settings.json", seal)


SETTINGS = {
    "layers without end": ("regression/gmn", put("settings", "layers", 10**18), "`layers`"),
    "hidden": ("regression/gmn", put("settings", "hidden", 60_000), "would hold more than"),
    "hidden, not that much": ("regression/gmn", put("settings", "hidden", 6000), "not the param"),
    "members": ("editing/gmn", put("settings", "members", 1024), "not the parameters"),
    "a kind": ("regression/gmn", put("settings", "hidden", [4]), "`hidden` is"),
    "no option": ("regression/gmn", put("settings", "no_such", 4), "no_such"),
    "its own argument": ("regression/gmn", put("settings", "name", "gmn"), "settings: "),
    "a gigantic net": ("regression/dws", put("settings", "net", GIGANTIC), "settings: "),
    "another metanet": ("regression/gmn", put("model", "mlp"), "settings: "),
    "an editor": ("regression/gmn", put("task", {"task": "editing"}), "learned"),
    "a task that lacks its target": ("regression/gmn", put("task", {"task": "regression"}), "task"),
    "a mean beyond numbers": ("regression/gmn", put("learned", "mean", 10**400), "learned.mean"),
    "another target": ("regression/gmn", put("learned", "target", "x"), "learned: `target`"),
    "more classes": ("classification/gmn", put("learned", "classes", ["a", "b", "c"]), "learned: "),
    "one class twice": ("classification/gmn", put("learned", "classes", [1, 1]), "learned: "),
    "uneven rows": ("embedding/gmn", put("learned", "readout", [[1], [1, 2]]), "learned: "),
    "dimensions": ("embedding/gmn", put("task", "dimensions", 10**18), "learned: "),
    "scores": ("regression/gmn", put("scores", {}), "scores"),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_do_not_fit(work: Path, name: str) -> None:
    place, change, words = SETTINGS[name]
    folder = work / "runs" / f"{place}-seed0"
    Trained.load(folder)  # the control
    rewrite(folder / "settings.json", change)
    with bounded(5, 1 << 29), pytest.raises((GraphError, PipelineError)) as caught:
        Trained.load(folder)
    assert str(folder) in str(caught.value)
    assert words in str(caught.value)


def replaced(name: str, change: Callable[[Any], Any]) -> Change:
    return lambda arrays: arrays.update({name: change(arrays[name])})


BIAS = "head.1.bias"
ARRAYS: dict[str, tuple[str, Change]] = {
    "one missing": ("gmn", lambda arrays: arrays.popitem()),
    "one more": ("gmn", put("more", np.zeros(3, np.float32))),
    "a shape": ("gmn", replaced(BIAS, lambda a: np.resize(a, (2, *a.shape)))),
    "float64": ("gmn", replaced(BIAS, lambda a: a.astype(np.float64))),
    "bfloat16": ("gmn", replaced(BIAS, lambda a: a.astype(ml_dtypes.bfloat16))),
    "NaN": ("gmn", replaced(BIAS, lambda a: np.full_like(a, np.nan))),
    "a table that is none": ("trees", replaced("features", lambda a: np.zeros((), np.float32))),
    "a column less": ("trees", replaced("features", lambda a: a[:, 1:].copy())),
    "a target less": ("trees", replaced("targets", lambda a: a[1:].copy())),
    "no tables": ("trees", lambda arrays: arrays.clear()),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_parameters_that_do_not_fit(work: Path, name: str) -> None:
    model, change = ARRAYS[name]
    folder = work / "runs" / "regression" / f"{model}-seed0"
    rearrange(folder, lambda arrays: None)
    Predictor.load(folder)  # the control
    rearrange(folder, change)
    with pytest.raises((GraphError, PipelineError)) as caught:
        Predictor.load(folder)
    assert str(folder / "model.safetensors") in str(caught.value)


def test_what_is_predicted_or_edited_is_finite(work: Path) -> None:
    graph = GraphSet.open(work / "graphs")[0]
    for task, kind in (("regression", Predictor), ("editing", Editor)):
        folder = work / "runs" / task / "gmn-seed0"
        rearrange(folder, lambda arrays: [array.fill(3e38) for array in arrays.values()])
        model: Any = kind.load(folder)
        with pytest.raises((GraphError, PipelineError, MetanetError), match="finite|NaN|inf|nan"):
            model.predict([graph]) if task == "regression" else model.edit([graph])


@pytest.mark.parametrize("change", ["dtype", "infinite", "shape"])
def test_a_checkpoint_that_does_not_fit_is_passed_over(
    work: Path, change: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    training_toys.run_here(monkeypatch)
    (path,) = (work / "begun").rglob("checkpoint.safetensors")
    file = open_safetensors(path)
    arrays = {name: np.array(array) for name, array in file.items()}
    name = sorted(arrays)[0]
    if change == "dtype":
        arrays[name] = arrays[name].astype(ml_dtypes.bfloat16)
    elif change == "infinite":
        arrays[name] = np.full_like(arrays[name], np.inf)
    else:
        arrays[name] = arrays[name][..., None].repeat(2, -1)
    about = {key: value for key, value in file.metadata.items() if key != "sha256"}
    write_safetensors(path, arrays, {**about, "sha256": content_hash(arrays, about)})
    train(work / "settings/regression.yaml", work / "graphs", work / "begun")
    told = capsys.readouterr().err
    assert f"{path}: {name}" in told.replace(", model.", ": model.")
    assert "the run begins anew" in told


def test_a_search_gives_only_what_was_left_open() -> None:
    asked = training_toys.RANGED
    rate = {**training_toys.TRAINING, "learning_rate": 2e-3}
    assert is_choice(asked, {**asked, "training": rate})
    for wrong in (
        {**asked},
        {**asked, "training": {**rate, "learning_rate": 1.0}},
        {**asked, "training": {**rate, "learning_rate": True}},
        {**asked, "training": {**rate, "epochs": 10**9}},
        {**asked, "training": rate, "metanet": "mlp"},
        {**asked, "training": rate, "settings": {"hidden": 60_000, "layers": 1}},
        {**asked, "training": None},
    ):
        assert not is_choice(asked, wrong)


def reshard(folder: Path, dtype: Any, value: float | None = None) -> None:
    """Write the first shard of a graph set with other floats, under a hash that fits."""
    path = folder / "shard-00000.safetensors"
    arrays = {name: np.array(array) for name, array in read_weights(path).items()}
    arrays["values.float32.values"] = arrays["values.float32.values"].astype(dtype)
    if value is not None:
        arrays["values.float32.values"][7] = value
    write_safetensors(path, arrays)
    rewrite(folder / "index.json", put("shards", 0, "sha256", file_hash(path)))


@pytest.mark.parametrize(
    ("dtype", "value", "words"),
    [
        (np.float64, None, "'values.float32' is float64, expected float32"),
        (ml_dtypes.bfloat16, None, "is bfloat16, expected float32"),
        (np.int32, None, "is int32, expected float32"),
        (np.float32, np.nan, "row 0: got nan among the weights"),
        (np.float32, -np.inf, "row 0: got -inf among the weights"),
    ],
)
def test_stored_weights_are_finite_and_of_the_dtype_of_their_set(
    work: Path, dtype: Any, value: float | None, words: str
) -> None:
    folder = work / "graphs"
    reshard(folder, np.float32, 0.5)
    GraphSet.open(folder).verify()  # the control
    reshard(folder, dtype, value)
    graphs = GraphSet.open(folder)
    for read in (graphs.verify, lambda: graphs[0], lambda: graphs.values([0])):
        with pytest.raises(GraphError, match=words) as caught:
            read()
        assert str(folder / "shard-00000.safetensors") in str(caught.value)


@pytest.mark.parametrize("number", [10**400, 1e308, -1e200])
def test_numbers_of_records_are_bounded(work: Path, number: float) -> None:
    index = work / "graphs" / "index.json"
    rewrite(index, put("networks", 3, "labels", "size", 1e99))
    open_graphs(work / "graphs")  # the control
    rewrite(index, put("networks", 3, "labels", "size", number))
    with pytest.raises(PipelineError, match=r"networks\[3\].labels.size"):
        open_graphs(work / "graphs")


def test_a_run_that_cannot_begin_leaves_no_folder(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training_toys.run_here(monkeypatch)
    reshard(work / "graphs", np.float32, np.nan)
    with pytest.raises(GraphError, match="shard-00000"):
        train(work / "settings/editing.yaml", work / "graphs", work / "new" / "train")
    assert not (work / "new").exists()
    assert json.loads((work / "graphs" / "index.json").read_text())["networks"]
