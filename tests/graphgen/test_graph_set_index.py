"""The quick look at an index says yes to nothing that the schema refuses."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.files.document import Kind, check_schema
from graphgen.graph_set_index import GRAPH_SET, MOST, plain_networks
from graphgen.testing import random_weights

SLOW = Kind(GRAPH_SET.format, GRAPH_SET.version, GRAPH_SET.schema, GRAPH_SET.made_by)
VALUES: list[Any] = [
    0, 3, -1, MOST, MOST + 1, 1.0, 0.5, True, None, "a", "", [], {}, {"0.weight": "float64"},
    {"0.weight": 1}, [1],
]  # fmt: skip
NET = "inputs: {x: [2]}\nlayers: [{linear: {out_features: %d}}]"


def drawn(rng: Random) -> Any:
    """Draw a network of an index, most often one that is admitted."""
    row: dict[str, Any] = {"architecture": "abc", "shard": 1, "row": 2, "accuracy": 0.5}
    for _ in range(rng.choice([0, 0, 1, 2])):
        key = rng.choice(["architecture", "shard", "row", "accuracy", "dtypes", "other"])
        if rng.random() < 0.2:
            row.pop(key, None)
        else:
            row[key] = rng.choice(VALUES)
    return rng.choice(VALUES) if rng.random() < 0.05 else row


def admitted(kind: Kind, networks: Any) -> bool:
    whole = {"about": {}, "dtype": "float32", "architectures": {}, "shards": []}
    try:
        check_schema(Path("index.json"), kind, whole | {"networks": networks})
    except graphgen.GraphError:
        return False
    return True


def test_the_quick_look_admits_what_the_schema_admits() -> None:
    rng = Random(0)
    seen = {True: 0, False: 0}
    quick = 0
    for _ in range(600):
        networks = [drawn(rng) for _ in range(rng.choice([0, 1, 1, 2]))]
        expected = admitted(SLOW, networks)
        assert admitted(GRAPH_SET, networks) == expected
        assert expected or not plain_networks(networks)
        seen[expected] += 1
        quick += plain_networks(networks)
    assert min(seen.values()) > 50
    assert quick > 0.7 * seen[True]
    for networks in (None, {}, "a", 3):
        assert not admitted(GRAPH_SET, networks)


def test_a_careless_quick_look_would_be_seen() -> None:
    careless = Kind(
        GRAPH_SET.format, 1, GRAPH_SET.schema, "", quick={"networks": lambda rows: True}
    )
    assert admitted(careless, [{"shard": -1}])
    assert not admitted(GRAPH_SET, [{"shard": -1}])


def written(folder: Path, dtypes: list[Any]) -> graphgen.GraphSet:
    rng = np.random.default_rng(0)
    net, other = (spec.loads(NET % width) for width in (3, 4))
    rows = [(net, random_weights(net, rng, dtype), {}) for dtype in dtypes]
    rows.append((other, random_weights(other, rng, dtypes[0]), {}))
    return graphgen.GraphSet.write(folder, rows, rows_per_shard=4)


@pytest.mark.parametrize("mixed", [False, True])
def test_rows_are_copied_in_runs_as_one_by_one(tmp_path: Path, mixed: bool) -> None:
    few = [np.float32, np.float16] if mixed else [np.float32]
    graphs = written(tmp_path, [few[i % len(few)] for i in range(10)])
    rng = Random(1)
    orders = [list(range(10)), list(range(9, -1, -1)), [3, 4, 5, 5, 6, 2, 0, 1], [-2, -3, 0]]
    orders += [[rng.randrange(10) for _ in range(rng.randrange(1, 12))] for _ in range(20)]
    for order in orders:
        found = graphs.values(order)
        assert found.dtype == np.float32
        for row, i in zip(found, order, strict=True):
            arrays = [graphs[i].tensors[t.name] for t in graphs.template(i).tensors]
            expected = np.concatenate([np.asarray(a, np.float32).reshape(-1) for a in arrays])
            assert np.array_equal(row, expected)


def test_values_of_nothing_of_two_architectures_and_from_outside_are_refused(
    tmp_path: Path,
) -> None:
    graphs = written(tmp_path, [np.float32] * 5)
    with pytest.raises(graphgen.GraphError, match="`indices` is empty"):
        graphs.values([])
    with pytest.raises(graphgen.GraphError, match="networks 0 and 5 are of two architectures"):
        graphs.values([0, 1, 5])
    with pytest.raises(graphgen.GraphError, match="there is no network 6; the set has 6"):
        graphs.values([0, 6])


def test_an_index_is_read_up_to_its_own_limit(tmp_path: Path) -> None:
    graphs = written(tmp_path, [np.float32])
    index = tmp_path / "index.json"
    small = Kind(GRAPH_SET.format, 1, GRAPH_SET.schema, "", most_bytes=index.stat().st_size - 1)
    with pytest.raises(graphgen.GraphError, match="expected at most"):
        graphgen.files.read_document(index, small)
    assert json.loads(index.read_text())["hash"] == graphs.hash
