"""Views that `gmn compile` keeps in a graph set, and which of them a training may use."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from interruptions import INTERRUPTIONS, everywhere
from torch import Tensor
from view_stand_ins import ENTRIES, EXAM, Broken, Means, stamps, stand_ins  # noqa: F401
from view_toys import write_set

from graphgen import GraphError, GraphSet
from graphgen.files.lock import exclusive
from metanet import Batch, Viewed
from metanet.batch import Part
from metanet.views import View
from metanet.views.spectra import Spectra
from pipelines import PipelineError
from pipelines.tasks.targets import split_networks
from pipelines.tasks.task import outputs_of
from pipelines.views import (
    asked_views,
    fresh,
    store_views,
    view_for_training,
)
from pipelines.views.computing import compute
from pipelines.views.settings import families


def contents(folder: Path) -> dict[str, bytes]:
    """Read all files below a folder; of an index what does not tell how long it took."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.name == "index.json":
                index = json.loads(data)
                index.pop("seconds", None)
                index.pop("hash")
                data = json.dumps(index).encode()
            found[str(path.relative_to(folder))] = data
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_stored_is_what_the_view_computes(tmp_path: Path, dtype: str) -> None:
    write_set(tmp_path, dtype=dtype)
    asked = asked_views([*ENTRIES, {"means": {"scale": 2.0}}])
    assert [one.name for one in asked] == ["spectra", "exam-9", "exam-4", "means"]
    graph_set = store_views(tmp_path, asked, workers=1)
    assert graph_set.views == ("exam-4", "exam-9", "means", "spectra")
    names = {"exam": "exam-4", "spectra": "spectra", "means": "means"}
    batch = Batch.from_set(graph_set, [7, 2, 0, 11], views=names)
    training = split_networks(graph_set, 4)["train"]
    own: dict[str, View] = {
        "exam": view_for_training(graph_set, "exam", 4, training),
        "spectra": families()["spectra"](),
        "means": Means(2.0),
    }
    for part in batch.parts:
        assert part.views.keys() == own.keys()
        for name, view in own.items():
            torch.testing.assert_close(part.views[name], view.compute(part))
            assert part.views[name].dtype == getattr(torch, dtype)
    scaled = Batch.from_set(graph_set, [0, 2], views=["means"]).parts[0]
    with pytest.raises(AssertionError):  # control: of other options
        torch.testing.assert_close(scaled.views["means"], Means().compute(scaled))


def test_what_is_there_of_the_same_identity_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(tmp_path)
    asked = asked_views(ENTRIES)
    store_views(tmp_path, asked, workers=1)
    before = stamps(tmp_path / "views")
    write_set(tmp_path)  # the same networks again, as `gmn compile --replace` writes them
    store_views(tmp_path, asked, workers=1)
    assert stamps(tmp_path / "views") == before
    changed = asked_views(["spectra", {"exam": {"networks": [9, 4], **EXAM, "steps": 3}}])
    store_views(tmp_path, changed, workers=1)
    after = stamps(tmp_path / "views")
    kept = {path for path in before if "spectra" in path}
    assert kept == {path for path in before if after[path] == before[path]}
    monkeypatch.setattr("pipelines.views.identity.maker_of", lambda module: "1" * 64)
    store_views(tmp_path, changed, workers=1)
    assert not set(stamps(tmp_path / "views").items()) & set(after.items())


def test_what_is_damaged_or_of_other_networks_is_made_again(tmp_path: Path) -> None:
    write_set(tmp_path)
    asked = asked_views(ENTRIES)
    store_views(tmp_path, asked, workers=1)
    whole = contents(tmp_path)
    shard = tmp_path / "views/exam-4/shard-00000.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    (tmp_path / "views/exam-9/state.safetensors").unlink()
    (tmp_path / "views/spectra/index.json").unlink()
    for path in (tmp_path / "views/spectra").iterdir():
        path.unlink()
    store_views(tmp_path, asked, workers=1)
    assert contents(tmp_path) == whole
    write_set(tmp_path, seed=1)
    with pytest.raises(GraphError, match="is of the graph set"):
        Batch.from_set(GraphSet.open(tmp_path), [0], views=["spectra"])
    graph_set = store_views(tmp_path, asked, workers=1)
    assert Batch.from_set(graph_set, [0], views=["spectra"]).parts[0].views["spectra"].numel()
    store_views(tmp_path, asked_views(["spectra"]), workers=1)
    assert GraphSet.open(tmp_path).views == ("spectra",)
    store_views(tmp_path, [], workers=1)
    assert not (tmp_path / "views").exists()


def test_what_is_no_view_is_not_taken_for_one(tmp_path: Path) -> None:
    write_set(tmp_path)
    mine = tmp_path / "views/spectra"
    mine.mkdir(parents=True)
    for name, text in (("notes.txt", "mine"), ("index.json", "{"), ("index.json", "{}")):
        (mine / name).write_text(text)
        with pytest.raises(PipelineError, match="no view that could be replaced"):
            store_views(tmp_path, asked_views(["spectra"]), workers=1)
        store_views(tmp_path, [], workers=1)
        assert (mine / name).read_text() == text
        (mine / name).unlink()


@pytest.mark.long
def test_the_numbers_are_the_same_whatever_the_workers(tmp_path: Path) -> None:
    for workers in (1, 2):
        write_set(tmp_path / str(workers), count=150)
        store_views(tmp_path / str(workers), asked_views(ENTRIES), workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_the_numbers_are_the_same_however_many_threads(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    found = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        try:
            write_set(tmp_path / str(threads))
            store_views(tmp_path / str(threads), asked_views(ENTRIES), workers=1)
        finally:
            torch.set_num_threads(before)
        found.append(contents(tmp_path / str(threads)))
    assert found[0] == found[1]


@pytest.mark.parametrize("how", ["killed", "full"])
def test_a_view_that_is_interrupted_is_whole_or_absent(tmp_path: Path, how: str) -> None:
    graphs, earlier = tmp_path / "graphs", tmp_path / "earlier"
    graph_set = write_set(graphs)
    asked = asked_views(["spectra", {"means": {"scale": 2.0}}])
    store_views(graphs, asked, workers=1)
    whole = contents(graphs)
    shutil.copytree(graphs, earlier)
    with_change = asked_views(["spectra", {"means": {"scale": 3.0}}])

    def prepare() -> None:
        shutil.rmtree(graphs)
        shutil.copytree(earlier, graphs)
        shutil.rmtree(graphs / "views/spectra")

    def check() -> None:
        found = GraphSet.open(graphs)
        for name in found.views:
            found.view(name).verify()
        assert found.view("means").options["scale"] in (2.0, 3.0)

    steps = everywhere(
        INTERRUPTIONS[how],
        prepare,
        lambda: store_views(graphs, with_change, workers=1),
        check,
    )
    assert steps > 10
    store_views(graphs, asked, workers=1)
    assert contents(graphs) == whole
    assert graph_set.hash == GraphSet.open(graphs).hash


@pytest.mark.parametrize("how", ["killed", "full"])
def test_a_view_whose_removal_is_interrupted_is_whole_or_gone(tmp_path: Path, how: str) -> None:
    graphs, earlier = tmp_path / "graphs", tmp_path / "earlier"
    write_set(graphs)
    both, one = asked_views(["spectra", "means"]), asked_views(["means"])
    store_views(graphs, both, workers=1)
    shutil.copytree(graphs, earlier)
    found = []

    def prepare() -> None:
        shutil.rmtree(graphs)
        shutil.copytree(earlier, graphs)

    def check() -> None:
        names = GraphSet.open(graphs).views
        found.append(names)
        for name in names:
            GraphSet.open(graphs).view(name).verify()
        store_views(graphs, (both, one)[len(found) % 2], workers=1)
        assert all(not path.name.startswith(".") for path in (graphs / "views").iterdir())

    interrupt = INTERRUPTIONS[how]
    assert everywhere(interrupt, prepare, lambda: store_views(graphs, one, workers=1), check) > 4
    assert set(found) == {("means", "spectra"), ("means",)}


def test_a_view_that_is_being_written_is_not_removed(tmp_path: Path) -> None:
    write_set(tmp_path)
    store_views(tmp_path, asked_views(["spectra", "means"]), workers=1)
    with (
        exclusive(tmp_path / "views/spectra"),
        pytest.raises(GraphError, match="in use by process"),
    ):
        store_views(tmp_path, asked_views(["means"]), workers=1)
    assert GraphSet.open(tmp_path).views == ("means", "spectra")
    store_views(tmp_path, asked_views(["means"]), workers=1)
    assert GraphSet.open(tmp_path).views == ("means",)  # control


def test_a_network_that_a_view_is_none_of_is_named(tmp_path: Path) -> None:
    write_set(tmp_path)
    for entry, words in (
        ("broken", "view 'broken' of networks 0 to 17: .*not finite"),
        ({"exam": {"target": "loss"}}, "has no metric 'loss'"),
        ({"exam": {"networks": 10}}, "10 training networks are asked for, there are 9"),
    ):
        with pytest.raises(PipelineError, match=words):
            store_views(tmp_path, asked_views([entry]), workers=1)
        assert GraphSet.open(tmp_path).views == ()


def test_a_stored_view_is_fresh_if_the_code_would_give_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(tmp_path)
    graph_set = store_views(tmp_path, asked_views([*ENTRIES, {"means": {"scale": 2}}]), workers=1)
    exam: Any = view_for_training(graph_set, "exam", 4, split_networks(graph_set, 4)["train"])
    assert fresh(graph_set, "spectra") == "spectra"
    assert fresh(graph_set, "exam", state=exam.state()) == "exam-4"
    assert fresh(graph_set, "means", {"scale": 2}) == "means"
    assert fresh(graph_set, "means") is None
    assert fresh(graph_set, "statistics") is None
    moved = {name: tensor + 1 for name, tensor in exam.state().items()}
    assert fresh(graph_set, "exam", state=moved) is None
    write_set(tmp_path, seed=1)
    assert fresh(GraphSet.open(tmp_path), "spectra") is None
    monkeypatch.setattr("pipelines.views.identity.maker_of", lambda module: "1" * 64)
    assert fresh(graph_set, "spectra") is None


def test_a_model_is_given_the_views_that_the_set_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(tmp_path, dtype="float64")
    graph_set = store_views(tmp_path, asked_views(ENTRIES), workers=1)
    exam = view_for_training(graph_set, "exam", 4, split_networks(graph_set, 4)["train"])
    model = Viewed("deepsets", {"hidden": 4}, views=["spectra", "exam"]).double()
    model.keep_view(exam)
    model.observe([Batch.from_set(graph_set, range(9))])
    chosen = [3, 0, 7, 10]
    asked: list[str] = []

    def counted(view: Any, part: Part) -> Tensor:
        asked.append(view.name)
        return computed(view, part)

    computed = Spectra.compute
    monkeypatch.setattr(Spectra, "compute", counted)
    given = outputs_of(model, graph_set, chosen)
    assert not asked
    with torch.no_grad():
        torch.testing.assert_close(given, model(Batch.from_set(graph_set, chosen)))
    assert asked  # control: nothing was given
    asked.clear()
    monkeypatch.setattr("pipelines.views.identity.maker_of", lambda module: "1" * 64)
    torch.testing.assert_close(given, outputs_of(model, GraphSet.open(tmp_path), chosen))
    assert asked  # what other code computed is not


def test_a_replaced_graph_set_is_not_computed_with(tmp_path: Path) -> None:
    graph_set = write_set(tmp_path)
    write_set(tmp_path, seed=1)
    with pytest.raises(PipelineError, match="was replaced while it was read"):
        compute(str(tmp_path), graph_set.hash, "spectra", "{}", {}, [0])


SETTINGS = {"seed": 0, "splits": {"train": 0.5, "validation": 0.25, "test": 0.25}}
