"""Views that are made from training networks: of which, once for several, and who may use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from view_stand_ins import ENTRIES, EXAM, stand_ins  # noqa: F401
from view_toys import write_set

from graphgen import GraphSet
from metanet import Batch, Viewed
from metanet.views.exam import Exam
from metanet.views.sharpness import ExamSharpness, Sharpness
from pipelines import PipelineError
from pipelines.tasks.targets import split_networks
from pipelines.tasks.views import views_of
from pipelines.views import (
    asked_views,
    check_training,
    store_views,
    stored_name,
    view_for_training,
)
from pipelines.views.spent import spent_on_views


@pytest.fixture
def makings(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Note the options of each exam that is made."""
    noted: list[dict[str, Any]] = []
    make = Exam.make

    @wraps(make)
    def noting(networks: Any, scores: Any, **options: Any) -> Exam:
        noted.append(options)
        return make(networks, scores, **options)

    monkeypatch.setattr(Exam, "make", staticmethod(noting))
    return noted


def test_an_exam_is_made_from_training_networks_alone(tmp_path: Path) -> None:
    graph_set = write_set(tmp_path)
    asked = asked_views(ENTRIES[1:])
    graph_set = store_views(tmp_path, asked, workers=1)
    for count in (9, 4):
        stored = graph_set.view(f"exam-{count}")
        assert list(stored.made_of) == split_networks(graph_set, count)["train"]
        assert stored.target == "test_accuracy"
        assert stored.seconds["make"] > 0
    # Networks of other splits may say what they will, and the exam is the same.
    records: list[Any] = []
    for i, record in enumerate(graph_set.records):
        own = i in stored.made_of
        score = record["metrics"]["test_accuracy"] if own else 1.0
        weights = {name: w * (1 if own else 5) for name, w in graph_set[i].tensors.items()}
        net = graph_set.architectures[record["architecture"]]
        records.append((net, weights, {**record, "metrics": {"test_accuracy": score}}))
    GraphSet.write(tmp_path / "other", records)
    other = store_views(tmp_path / "other", [asked[-1]], workers=1).view("exam-4")
    assert equal(other.state(), stored.state())
    assert not equal(other.state(), graph_set.view("exam-9").state())  # control


def equal(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_an_exam_that_saw_other_networks_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path)
    graph_set = store_views(tmp_path, asked_views(ENTRIES), workers=1)
    splits = {count: split_networks(graph_set, count) for count in (9, 4)}
    test = splits[9]["test"]
    # Controls: trained on all that it was made from, or on more.
    assert view_for_training(graph_set, "exam", 4, splits[4]["train"]).name == "exam"
    check_training(graph_set, graph_set.view("exam-4"), splits[9]["train"], "test_accuracy")
    few: Sequence[int] = splits[4]["train"]
    with pytest.raises(PipelineError, match="5 of them are not among the 4 training networks"):
        view_for_training(graph_set, "exam", 9, few)
    with pytest.raises(PipelineError, match=rf"{few[0]} \(train\).* would leak"):
        view_for_training(graph_set, "exam", 4, [*few[1:], *test])
    with pytest.raises(PipelineError, match="made for the target 'test_accuracy', and 'loss' is"):
        view_for_training(graph_set, "exam", 4, few, "loss")
    with pytest.raises(PipelineError, match=r"no view 'exam-7'.*exam: \{networks: \[7\]\}"):
        view_for_training(graph_set, "exam", 7, few)


@pytest.mark.parametrize(("kept", "asked"), [(9, None), (None, 9), (9, 9), (None, None)])
def test_an_exam_of_just_so_many_networks_as_there_are_is_one_of_all(
    tmp_path: Path, kept: int | None, asked: int | None
) -> None:
    write_set(tmp_path)
    entries = [{"exam": {"networks": [kept, 4], **EXAM}}]
    graph_set = store_views(tmp_path, asked_views(entries), workers=1)
    name = "exam" if kept is None else "exam-9"
    assert stored_name(graph_set, "exam", asked) == name
    assert view_for_training(graph_set, "exam", asked, split_networks(graph_set)["train"])
    few = store_views(tmp_path, asked_views([{"exam": {"networks": 4, **EXAM}}]), workers=1)
    with pytest.raises(PipelineError, match=r"no view 'exam(-9)?', which is made from (all|9)"):
        stored_name(few, "exam", asked)  # control


def test_a_network_in_the_place_of_another_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(tmp_path)
    graph_set = store_views(tmp_path, asked_views(ENTRIES), workers=1)
    monkeypatch.setattr("pipelines.views.computing.content", lambda graph_set, i: "0" * 64)
    with pytest.raises(PipelineError, match="was made from another network than that"):
        view_for_training(graph_set, "exam", 9, split_networks(graph_set, 9)["train"])


def test_sharpness_is_measured_at_the_inputs_of_an_exam(tmp_path: Path) -> None:
    write_set(tmp_path)
    entries = ["sharpness", *ENTRIES, {"exam_sharpness": {"networks": [9, 4], **EXAM}}]
    graph_set = store_views(tmp_path, asked_views(entries), workers=1)
    training = split_networks(graph_set, 4)["train"]
    exam = view_for_training(graph_set, "exam", 4, training)
    sharpness = view_for_training(graph_set, "exam_sharpness", 4, training)
    assert isinstance(exam, Exam)
    assert isinstance(sharpness, ExamSharpness)
    assert torch.equal(sharpness.inputs[0], exam.inputs[0])
    names = {"at_exam": "exam_sharpness-4", "at_random": "sharpness"}
    (part,) = Batch.from_set(graph_set, [1, 3], views=names).parts
    torch.testing.assert_close(part.views["at_exam"], sharpness.compute(part))
    torch.testing.assert_close(part.views["at_random"], Sharpness().compute(part))
    with pytest.raises(AssertionError):  # control
        torch.testing.assert_close(part.views["at_exam"], part.views["at_random"])
    with pytest.raises(PipelineError, match="would leak"):
        view_for_training(graph_set, "exam_sharpness", 9, training)


def both(exam: Mapping[str, Any], sharpness: Mapping[str, Any]) -> list[Any]:
    return asked_views([{"exam": dict(exam)}, {"exam_sharpness": dict(sharpness)}])


@pytest.mark.parametrize("sharpness", [EXAM, {**EXAM, "at_once": 3, "target": "test_accuracy"}])
def test_an_exam_of_several_views_is_made_once(
    tmp_path: Path, makings: list[Any], sharpness: dict[str, Any]
) -> None:
    write_set(tmp_path / "both")
    sizes = {"networks": [9, 4]}
    together = store_views(tmp_path / "both", both({**EXAM, **sizes}, {**sharpness, **sizes}), 1)
    assert len(makings) == 2
    for asked in both({**EXAM, "networks": 4}, {**sharpness, "networks": 4}):
        write_set(tmp_path / asked.family)
        alone = store_views(tmp_path / asked.family, [asked], 1).view(asked.name)
        shared = together.view(asked.name)
        assert equal(alone.state(), shared.state())
        assert alone.identity == shared.identity
        assert alone.made_of == shared.made_of
        assert np.array_equal(alone.values(range(18)), shared.values(range(18)))
        assert shared.seconds["make"] == together.view("exam-4").seconds["make"] > 0
    assert len(makings) == 4  # control: each alone makes its own


@pytest.mark.parametrize(
    "change", [{"steps": 3}, {"seed": 1}, {"networks": 4}, {"target": "metrics.test_accuracy"}]
)
def test_exams_that_differ_are_each_made(
    tmp_path: Path, makings: list[Any], change: dict[str, Any]
) -> None:
    write_set(tmp_path)
    store_views(tmp_path, both(EXAM, {**EXAM, **change}), 1)
    assert len(makings) == 2


def test_an_exam_that_is_kept_is_not_made_again_for_another_view(
    tmp_path: Path, makings: list[Any]
) -> None:
    write_set(tmp_path)
    first, second = both(EXAM, EXAM)
    exam = store_views(tmp_path, [first], 1).view("exam")
    sharpness = store_views(tmp_path, [first, second], 1).view("exam_sharpness")
    assert len(makings) == 1
    assert sharpness.seconds["make"] == exam.seconds["make"]
    assert sharpness.made_of == exam.made_of
    assert np.array_equal(sharpness.state()["labels"], exam.state()["labels"])
    store_views(tmp_path, [first, *both(EXAM, {**EXAM, "seed": 1})[1:]], 1)
    assert len(makings) == 2


def test_an_exam_that_views_share_is_paid_once(tmp_path: Path) -> None:
    write_set(tmp_path)
    for options, times in ((EXAM, 1), ({**EXAM, "seed": 1}, 2)):
        graph_set = store_views(tmp_path, both(EXAM, options), 1)
        model = Viewed("deepsets", {"hidden": 4}, views=["exam", "exam_sharpness"])
        making = []
        for kept in views_of(model):
            training = split_networks(graph_set)["train"]
            model.keep_view(view_for_training(graph_set, kept.name, None, training))
            making.append(graph_set.view(kept.name).seconds["make"])
        paid = spent_on_views(model, graph_set, [0, 1])["making"]
        assert paid == pytest.approx(sum(making[:times]))
