"""Several zoos as one graph set: the same networks, none in two splits, scored apart."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from merged_toys import (
    SPLITS,
    VIEWS,
    networks,
    write_merge,
    write_set,
)  # fmt: skip

from graphgen import GraphSet
from graphgen.graph_set_writer import Packed
from pipelines.errors import PipelineError
from pipelines.evaluation import evaluate
from pipelines.fingerprints import fingerprints
from pipelines.merge import merge
from pipelines.metrics.predictions import compare
from pipelines.views.settings import asked_views
from pipelines.views.storing import store_views
from spec import SpecError


def test_merged_networks_are_those_of_their_zoos(merged_sets: Path) -> None:
    both = GraphSet.open(merged_sets / "both")
    place = 0
    for name in ("one", "two"):
        own = GraphSet.open(merged_sets / name)
        for i, record in enumerate(own.records):
            merged = both.records[place]
            assert merged["zoo"] == name
            assert merged["index"] == place
            same = ("split", "family", "metrics", "architecture")
            assert [merged[key] for key in same] == [record[key] for key in same]
            there, here = own[i].tensors, both[place].tensors
            assert there.keys() == here.keys()
            assert all(there[key].tobytes() == here[key].tobytes() for key in there)
            for view in ("statistics",):
                assert np.array_equal(own.view(view)[i], both.view(view)[place])
            place += 1
    assert place == len(both)
    assert both.view("statistics").seconds["compute"] > 0  # taken over, with what it cost
    # The control: views that are computed for the merged set are the same.
    again = store_views(shutil.copytree(merged_sets / "both", merged_sets / "again"), [], workers=1)
    store_views(again.folder, asked_views(VIEWS), workers=1)
    for view in VIEWS:
        stored, computed = both.view(view), GraphSet.open(again.folder).view(view)
        assert all(np.allclose(stored[i], computed[i]) for i in range(len(both)))


def test_fingerprints_know_a_network_by_its_values_alone(merged_sets: Path, tmp_path: Path) -> None:
    own, both = GraphSet.open(merged_sets / "two"), GraphSet.open(merged_sets / "both")
    marks = fingerprints(own, range(16))
    assert fingerprints(both, range(16, 32)) == marks
    assert len(set(marks)) == 16
    wide = GraphSet.write(
        tmp_path / "wide",
        (
            (net, {k: v.astype(np.float64) for k, v in weights.items()}, record)
            for net, weights, record in networks("large", 1, np.float32)
        ),
    )
    assert fingerprints(wide, range(16)) == marks
    # The control: one bit of one weight.
    net, weights, record = next(iter(networks("large", 1, np.float32)))
    first = next(iter(weights))
    weights[first] = weights[first].copy()
    weights[first].flat[0] = np.nextafter(weights[first].flat[0], np.float32(9))
    GraphSet.write(tmp_path / "other", [Packed.of([(net, weights, record)])])
    assert fingerprints(GraphSet.open(tmp_path / "other"), [0])[0] not in marks


def test_a_network_is_not_in_the_train_split_of_one_and_the_tests_of_another(
    merged_sets: Path, tmp_path: Path
) -> None:
    moved = ((n, w, {**r, "split": SPLITS[(r["index"] + 1) % 4]}) for n, w, r in
             networks("small", 0, np.float32))  # fmt: skip
    GraphSet.write(tmp_path / "moved", moved)
    zoos = {
        "one": {"graphs": str(merged_sets / "one")},
        "moved": {"graphs": str(tmp_path / "moved")},
    }
    with pytest.raises(PipelineError, match=r"of one \(train\) is network . of moved \(.*and 9 mo"):
        merge(write_merge(tmp_path, [], **zoos), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    # The control: the same networks in the same splits.
    more = [*networks("small", 0, np.float32), *networks("small", 7, np.float32)]
    GraphSet.write(tmp_path / "same", more)
    zoos["moved"] = {"graphs": str(tmp_path / "same")}
    assert len(merge(write_merge(tmp_path, [], **zoos), tmp_path / "out")) == 48


def test_an_exam_is_of_one_data_set(merged_sets: Path, tmp_path: Path) -> None:
    zoos = {name: {"graphs": str(merged_sets / name)} for name in ("one", "two")}
    exam = [{"exam": {"steps": 1, "per_class": 1}}]
    with pytest.raises(SpecError, match=r"merge.yaml:1:\d+.*of one, two: keep it in the graph set"):
        merge(write_merge(tmp_path, exam, **zoos), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(PipelineError, match="these are of one, two"):
        store_views(
            shutil.copytree(merged_sets / "both", tmp_path / "b"), asked_views(exam), workers=1
        )
    # The control: zoos of one data set.
    write_set(tmp_path / "more", "small", 5)
    same = {
        "one": {"graphs": str(merged_sets / "one"), "dataset": "x"},
        "more": {"graphs": "more", "dataset": "x"},
    }
    assert merge(write_merge(tmp_path, exam, **same), tmp_path / "out", workers=1).views == (
        "exam",
    )


@pytest.mark.parametrize(
    ("zoos", "message"),
    [
        ({"a": {"graphs": "one"}, "b": {"graphs": "one"}}, "zoos.b: .* is the graph set of `a` ag"),
        (
            {"a": {"graphs": "both"}},
            "zoos.a: .* is merged of one, two; name the graph sets of th",
        ),
        ({"a": {"graph": "one"}}, "graph"),
        ({"a": {"graphs": "nowhere"}}, "nowhere"),
    ],
)
def test_mistakes_in_what_is_merged(
    merged_sets: Path, zoos: Any, message: str, tmp_path: Path
) -> None:
    zoos = {k: {n: str(merged_sets / v) for n, v in zoo.items()} for k, zoo in zoos.items()}
    with pytest.raises(Exception, match=message) as caught:
        merge(write_merge(tmp_path, [], **zoos), tmp_path / "out")
    assert type(caught.value).__name__ in ("SpecError", "GraphError", "PipelineError")


def test_scores_of_each_zoo_apart(merged_sets: Path, pretrained: Path, tmp_path: Path) -> None:
    evaluate(pretrained, merged_sets / "both", tmp_path / "results", workers=1)
    found = json.loads((tmp_path / "results/zoos.json").read_text())
    assert found.keys() == {"one", "two"}
    rows = (tmp_path / "results/predictions.csv").read_text().splitlines()
    header = rows[0].split(",")
    for zoo, splits in found.items():
        mine = [dict(zip(header, row.split(","), strict=True)) for row in rows[1:]]
        mine = [row for row in mine if row["zoo"] == zoo]
        assert splits["test"] == compare(mine)
        assert splits["test"]["gmn"]["tau"]["networks"] == 4
    # The control: a set of one zoo has no such file.
    evaluate(
        pretrained,
        merged_sets / "one",
        tmp_path / "one",
        trained_on=merged_sets / "both",
        workers=1,
    )
    assert not (tmp_path / "one/zoos.json").exists()
