"""A graph set as a sequence, against lists of what it was written from."""

from __future__ import annotations

import random
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.testing import random_weights

TEXT = "inputs: {x: [3]}\nlayers: [{linear: {out_features: %d}}, relu, {linear: {out_features: 2}}]"


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> graphgen.GraphSet:
    rng = np.random.default_rng(0)
    nets = [spec.loads(TEXT % width) for width in (4, 6)]
    rows = [
        (
            nets[i % 2],
            random_weights(nets[i % 2], rng, np.float32),
            {
                "family": "ab"[i % 2],
                "split": ("train", "test")[i > 4],
                "metrics": {"test_accuracy": i / 8},
            },
        )
        for i in range(8)
    ]
    return graphgen.GraphSet.write(tmp_path_factory.mktemp("set") / "graphs", rows, 3)


def accuracies(graphs: graphgen.GraphSet) -> list[float]:
    return [8 * record["metrics"]["test_accuracy"] for record in graphs.records]


def first_weight(graph: graphgen.Graph) -> float:
    return float(graph.tensors["0.weight"][0, 0])


PARTS: dict[str, Any] = {
    "a slice": slice(2, 6),
    "backwards": slice(None, None, -2),
    "nothing": slice(5, 2),
    "beyond": slice(6, 99),
    "a list": [3, -1, 3],
    "an array": np.array([7, 0]),
    "booleans": np.arange(8) % 3 == 1,
}


@pytest.mark.parametrize("part", PARTS)
def test_parts_are_those_of_a_list(graphs: graphgen.GraphSet, part: str) -> None:
    whole = [first_weight(graph) for graph in graphs]
    key = PARTS[part]
    expected = [int(i) for i in np.arange(8)[key]]
    found = graphs[key]
    assert isinstance(found, graphgen.GraphSet)
    assert [*found.numbers] == expected
    assert accuracies(found) == expected
    assert [first_weight(graph) for graph in found] == [whole[i] for i in expected]
    assert [first_weight(graph) for graph in reversed(found)] == [whole[i] for i in expected][::-1]


def test_parts_of_parts_and_their_values(graphs: graphgen.GraphSet) -> None:
    part = graphs[1:][::2][1:]  # 3, 5, 7
    assert [*part.numbers] == [3, 5, 7]
    assert np.array_equal(part.values([2, 0]), graphs.values([7, 3]))
    assert part.template(0) is graphs.template(3)
    assert np.array_equal(part[np.int64(-1)].edge_values(), graphs[7].edge_values())
    assert "3 networks of them chosen" in repr(part)
    assert "chosen" not in repr(graphs)
    with pytest.raises(graphgen.GraphError, match="there is no network 3; the set has 3"):
        part[3]


def test_selections(graphs: graphgen.GraphSet) -> None:
    assert accuracies(graphs.select(split="test")) == [5, 6, 7]
    assert accuracies(graphs.select(split=["train", "test"], family="b")) == [1, 3, 5, 7]
    high = graphs.select(split="train", where=lambda r: r["metrics"]["test_accuracy"] > 0.3)
    assert accuracies(high) == [3, 4]
    assert len(graphs.select(split="none")) == 0
    assert not list(graphs.select(split="none"))


@pytest.mark.parametrize("key", ["a", None, 1.5, True, [True, False], {3}, np.ones(3, bool)])
def test_what_is_no_number_is_refused(graphs: graphgen.GraphSet, key: Any) -> None:
    with pytest.raises(graphgen.GraphError, match="for the number of a network; expected"):
        graphs[key]


def test_what_records_say(graphs: graphgen.GraphSet) -> None:
    assert np.array_equal(8 * graphs.column("metrics.test_accuracy"), np.arange(8))
    assert graphs[::2].column("family").tolist() == ["a"] * 4
    with pytest.raises(
        graphgen.GraphError,
        match=r"no .metrics\.loss.; it has architecture, family, metrics.test_acc",
    ):
        graphs.column("metrics.loss")


def test_tables(graphs: graphgen.GraphSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=list))
    rows = graphs[-2:].to_pandas()
    assert [row["metrics.test_accuracy"] for row in rows] == [6 / 8, 7 / 8]
    assert rows[0]["family"] == "a"
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(graphgen.GraphError, match="this needs pandas"):
        graphs.to_pandas()


def test_a_function_of_each(graphs: graphgen.GraphSet) -> None:
    expected = [first_weight(graph) for graph in graphs]
    assert graphs.map(first_weight) == expected
    assert graphs[::-1].map(lambda graph: graph.num_nodes)[0] == graphs[7].num_nodes
    with pytest.raises(graphgen.GraphError, match="`workers` is 0"):
        graphs.map(first_weight, workers=0)
    with pytest.raises(graphgen.GraphError, match="`function` cannot be sent"):
        graphs.map(lambda graph: graph.num_nodes, workers=2)


def test_processes_share_the_work(graphs: graphgen.GraphSet) -> None:
    order = random.Random(0).sample(range(8), 8)
    found = graphs[order].map(graphgen.Graph.edge_values, workers=2)
    for values, i in zip(found, order, strict=True):
        assert np.array_equal(values, graphs[i].edge_values())
