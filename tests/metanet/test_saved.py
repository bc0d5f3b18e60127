"""Saved models: what was saved is loaded, and nothing that was changed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from predictor_toys import MLP, fitted, networks

import metanet
import spec
from graphgen import GraphError
from metanet import MetanetError
from metanet.saved import hub, saving

NET = spec.loads(MLP)


def models() -> dict[str, Any]:
    """Give a model of each kind."""
    batch = metanet.Batch.from_graphs(networks(16)[0])
    trees = metanet.StatNN(trees=3, leaves=3)
    trees.fit(trees.inputs.numbers(batch), torch.linspace(0, 1, 16))
    return {
        "gmn": metanet.GMN(hidden=8, layers=1),
        "viewed": metanet.Viewed("gmn", {"hidden": 8, "layers": 1}, views=["spectra", "rows"]),
        "mlp": metanet.MLP(NET, hidden=4),
        "stat_mlp": metanet.StatMLP(hidden=4),
        "statnn": trees,
        "dws": metanet.DWSNet(NET, hidden=4, layers=1),
    }


@pytest.mark.parametrize("name", ["gmn", "viewed", "mlp", "stat_mlp", "statnn", "dws"])
def test_a_loaded_model_answers_as_the_saved_one(name: str, tmp_path: Path) -> None:
    model = models()[name].eval()
    metanet.save(model, tmp_path / "model")
    again: Any = metanet.load(tmp_path / "model")
    graphs = networks(4)[0][::2]
    with torch.no_grad():
        assert torch.equal(again(graphs), model(graphs))
    assert again.settings == model.settings
    assert not again.training


def test_an_editor_is_loaded_as_one(tmp_path: Path) -> None:
    editor = metanet.GMNEditor(hidden=8, layers=1)
    metanet.save(editor, tmp_path / "editor")
    again = metanet.load(tmp_path / "editor")
    assert isinstance(again, metanet.GMNEditor)
    for one, other in zip(again.parameters(), editor.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "small"
    about = {"what": "Says how toys do.", "data": ["toys"], "scores": {"toys": {"r2": 0.9}}}
    metanet.save(fitted(60), folder, about=about)
    return folder


def test_a_predictor_is_loaded_as_it_was(saved: Path) -> None:
    again = metanet.load(saved)
    assert isinstance(again, metanet.AccuracyPredictor)
    before, (graphs, _) = fitted(60), networks(12, seed=5)
    np.testing.assert_array_equal(again.predict(graphs), before.predict(graphs))
    np.testing.assert_array_equal(again.intervals(graphs), before.intervals(graphs))
    assert again.explain(graphs) == before.explain(graphs)


def test_the_card_says_what_is_known_and_what_is_not(saved: Path, tmp_path: Path) -> None:
    text = (saved / "README.md").read_text()
    assert text.startswith("---\nlibrary_name: graph-metanetworks\n")
    assert "Says how toys do." in text
    assert "| toys | 0.900 |" in text
    assert text.count("Not said by whom saved it.") == 2, "neither limits nor the command"
    assert "metanet.load(folder)" in text
    metanet.save(metanet.GMN(hidden=4, layers=1), tmp_path / "bare")
    assert (tmp_path / "bare" / "README.md").read_text().count("Not said") == 4


def damage(file: str, old: bytes, new: bytes) -> Callable[[Path], object]:
    """Give what puts other bytes into a file."""

    def change(folder: Path) -> None:
        data = (folder / file).read_bytes()
        assert old in data
        (folder / file).write_bytes(data.replace(old, new, 1))

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (damage("settings.json", b'"trees"', b'"treez"'), "does not match its hash"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"other"), "changed or damaged"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no such file"),
    ],
)
def test_what_was_changed_is_refused(
    saved: Path, tmp_path: Path, change: Callable[[Path], object], words: str
) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    assert metanet.load(tmp_path / "copy") is not None
    change(tmp_path / "copy")
    with pytest.raises(GraphError, match=words):
        metanet.load(tmp_path / "copy")


def test_a_card_may_be_written_by_hand(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    (tmp_path / "copy" / "README.md").write_text("mine")
    assert metanet.load(tmp_path / "copy") is not None


def test_nothing_is_written_over_unasked(saved: Path, tmp_path: Path) -> None:
    model = metanet.GMN(hidden=4, layers=1)
    metanet.save(model, tmp_path / "a")
    with pytest.raises(GraphError, match="holds a graph-metanetworks/model already"):
        metanet.save(model, tmp_path / "a")
    metanet.save(model, tmp_path / "a", replace=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "README.md").write_text("mine")
    with pytest.raises(GraphError, match="README"):
        metanet.save(model, tmp_path / "b")
    assert (tmp_path / "b" / "README.md").read_text() == "mine"


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        MetanetError, match=r"expected a metanet, an editor or an AccuracyPredictor"
    ):
        metanet.save(torch.nn.Linear(2, 2), tmp_path / "model")  # type: ignore[arg-type]
    with pytest.raises(MetanetError, match="neither a folder with a model"):
        metanet.load(tmp_path / "nowhere")
    with pytest.raises(MetanetError, match="expected a name or a folder"):
        metanet.load(5)  # type: ignore[arg-type]
    with pytest.raises(MetanetError, match="did you mean 'accuracy'"):
        metanet.load("acuracy")


class FakeHub(ModuleType):
    """A hub in a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__("huggingface_hub")
        self.folder = folder

    def HfApi(self) -> FakeHub:
        return self

    def create_repo(self, name: str, private: bool, exist_ok: bool) -> None:
        (self.folder / name).mkdir(parents=True)

    def upload_folder(self, repo_id: str, folder_path: Path, allow_patterns: list[str]) -> str:
        for name in allow_patterns:
            shutil.copy(folder_path / name, self.folder / repo_id / name)
        return f"https://hub/{repo_id}"

    def snapshot_download(
        self, name: str, revision: str | None, allow_patterns: list[str], local_dir: Path
    ) -> str:
        if not (self.folder / name).is_dir():
            raise OSError(f"404: {name}\nlong")
        shutil.copytree(self.folder / name, local_dir, dirs_exist_ok=True)
        return str(local_dir)


def test_a_model_goes_to_a_hub_and_comes_back(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", FakeHub(tmp_path / "hub"))
    monkeypatch.setattr(hub, "CACHE", tmp_path / "cache")
    (saved / "secret.txt").write_text("mine")
    assert metanet.push_to_hub(saved, "me/small") == "https://hub/me/small"
    (saved / "secret.txt").unlink()
    assert not (tmp_path / "hub" / "me" / "small" / "secret.txt").exists()
    again: Any = metanet.load("hf://me/small@main")
    graphs = networks(3)[0]
    np.testing.assert_array_equal(again.predict(graphs), metanet.load(saved).predict(graphs))  # type: ignore[union-attr]
    with pytest.raises(MetanetError, match="hf://me/other: 404: me/other$"):
        metanet.load("hf://me/other")
    with pytest.raises(MetanetError, match="expected hf://owner/name"):
        metanet.load("hf://../x")
    with pytest.raises(MetanetError, match="holds no saved model"):
        metanet.push_to_hub(tmp_path, "me/small")


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MetanetError, match=r"graph-metanetworks\[hub\]"):
        metanet.load("hf://me/small")


def test_the_models_of_the_package_are_small() -> None:
    folders = list(saving.BOX.iterdir())
    assert [folder.name for folder in folders] == ["accuracy"]
    for folder in folders:
        assert sum(path.stat().st_size for path in folder.iterdir()) < 5e6
        assert not list(folder.glob("*.pkl"))
        assert metanet.load(folder.name) is not None


@pytest.mark.parametrize("wrong", [None, 5, float("nan"), [], {}, torch.zeros(2), object(), dict])
def test_what_is_saved_and_where_is_checked_first(wrong: Any, tmp_path: Path) -> None:
    model = metanet.make_metanet("gmn", hidden=8, layers=1)
    with pytest.raises(MetanetError, match="expected"):
        metanet.save(wrong, tmp_path / "out")
    for call in (metanet.save, lambda _, folder: metanet.push_to_hub(folder, "a/b")):
        with pytest.raises(MetanetError, match="`folder` is .*, expected the path of a folder"):
            call(model, wrong)
    if wrong is not None and not isinstance(wrong, dict):
        with pytest.raises(MetanetError, match="`about` is .*, expected a mapping"):
            metanet.save(model, tmp_path / "out", about=wrong)
    assert not list(tmp_path.iterdir())
