"""Several zoos as one graph set: the same networks, none in two splits, scored apart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from merged_toys import (
    NETS,
    SPLITS,
    VIEWS,
    networks,
    write_merge,
    write_set,
)  # fmt: skip

import graphgen
import spec
from graphgen import GraphSet
from pipelines.errors import PipelineError
from pipelines.evaluation import evaluate
from pipelines.fingerprints import fingerprints
from pipelines.metrics.predictions import compare
from pipelines.union import union
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


def test_fingerprints_know_a_network_by_its_numbers_alone(
    merged_sets: Path, tmp_path: Path
) -> None:
    own, both = GraphSet.open(merged_sets / "two"), GraphSet.open(merged_sets / "both")
    found = fingerprints(own, range(16))
    assert fingerprints(both, range(16, 32)) == found
    assert len(set().union(*found)) == 32
    given = list(networks("large", 1, np.float32))
    names = NETS["large"].replace("out_features: 3", "out_features: 3, name: head")
    renamed = spec.loads(names)
    group = graphgen.symmetries(renamed)
    changes: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {
        "float64": lambda net, w: (net, cast(w, np.float64)),
        "float16": lambda net, w: (net, cast(w, np.float16)),
        "bfloat16": lambda net, w: (net, cast(w, ml_dtypes.bfloat16)),
        "renamed": lambda net, w: (renamed, dict(zip(renamed.tensors, w.values(), strict=True))),
        "permuted": lambda net, w: (
            renamed,
            group.sample(np.random.default_rng(3)).apply(
                dict(zip(renamed.tensors, w.values(), strict=True))
            ),
        ),
        # The control: a hundredth more of one weight is another network.
        "another": lambda net, w: (net, {**w, "0.weight": w["0.weight"] * one_more(w["0.weight"])}),
    }
    for name, change in changes.items():
        folder = tmp_path / name
        GraphSet.write(folder, ((*change(net, w), record) for net, w, record in given))
        again = fingerprints(GraphSet.open(folder), range(16))
        known = [bool(a & b) for a, b in zip(again, found, strict=True)]
        assert known == [name != "another"] * 16, name


def cast(weights: Any, dtype: Any) -> Any:
    return {name: array.astype(dtype) for name, array in weights.items()}


def one_more(array: Any) -> Any:
    factors = np.ones_like(array)
    factors.flat[0] = 1.01
    return factors


@pytest.mark.parametrize("step", [0, 1], ids=["same split", "other split"])
def test_a_network_is_in_one_zoo(step: int, merged_sets: Path, tmp_path: Path) -> None:
    moved = ((n, w, {**r, "split": SPLITS[(r["index"] + step) % 4]}) for n, w, r in
             networks("small", 0, np.float32))  # fmt: skip
    GraphSet.write(tmp_path / "moved", moved, about={"again": step})
    zoos = {
        "one": {"graphs": str(merged_sets / "one")},
        "moved": {"graphs": str(tmp_path / "moved")},
    }
    with pytest.raises(
        PipelineError, match=r"of one \(train\) is network . of moved \(.*count twi"
    ):
        union(write_merge(tmp_path, [], **zoos), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    # The control: other networks.
    GraphSet.write(tmp_path / "more", networks("small", 7, np.float32))
    zoos["moved"] = {"graphs": str(tmp_path / "more")}
    assert len(union(write_merge(tmp_path, [], **zoos), tmp_path / "out")) == 32


def test_an_exam_is_of_one_data_set(merged_sets: Path, tmp_path: Path) -> None:
    zoos = {name: {"graphs": str(merged_sets / name)} for name in ("one", "two")}
    exam = [{"exam": {"steps": 1, "per_class": 1}}]
    with pytest.raises(SpecError, match=r"union.yaml:1:\d+.*of one, two: keep it in the graph set"):
        union(write_merge(tmp_path, exam, **zoos), tmp_path / "out")
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
    assert union(write_merge(tmp_path, exam, **same), tmp_path / "out", workers=1).views == (
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
        union(write_merge(tmp_path, [], **zoos), tmp_path / "out")
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
