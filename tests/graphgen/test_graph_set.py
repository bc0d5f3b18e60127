from __future__ import annotations

import json
import mmap
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphgen
import spec
from graphgen.testing import random_weights
from graphgen.testing.round_trip import count_differing
from spec.testing import networks

WIDE = """
inputs: {x: [3]}
layers: [{linear: {out_features: %d}}, batch_norm, relu, {linear: {out_features: 2}}]
"""
Network = tuple[spec.Architecture, dict[str, Any], dict[str, Any]]


def some_networks(dtype: Any = np.float32, count: int = 5) -> list[Network]:
    """Networks of two architectures, in turn."""
    rng = np.random.default_rng(0)
    nets = [spec.loads(WIDE % width) for width in (4, 6)]
    return [
        (nets[i % 2], random_weights(nets[i % 2], rng, dtype), {"accuracy": i / 8, "name": f"n{i}"})
        for i in range(count)
    ]


def written(folder: Path, dtype: Any = np.float32) -> tuple[graphgen.GraphSet, list[Network]]:
    rows = some_networks(dtype)
    return graphgen.GraphSet.write(folder, rows, rows_per_shard=2, about={"seed": 0}), rows


@given(
    nets=st.lists(networks().filter(lambda net: net.tensors), min_size=1, max_size=4),
    rows_per_shard=st.integers(1, 3),
    dtype=st.sampled_from([np.float64, np.float32, np.float16, ml_dtypes.bfloat16]),
)
def test_any_networks_come_back(
    tmp_path_factory: pytest.TempPathFactory,
    nets: list[spec.Architecture],
    rows_per_shard: int,
    dtype: Any,
) -> None:
    folder = tmp_path_factory.mktemp("set")
    rng = np.random.default_rng(0)
    rows = [(net, random_weights(net, rng, dtype), {"place": i}) for i, net in enumerate(nets)]
    graphgen.GraphSet.write(folder, rows, rows_per_shard)
    graphs = graphgen.GraphSet.open(folder)
    graphs.verify()
    assert len(graphs) == len(rows)
    assert set(graphs.architectures) == {net.hash for net in nets}
    for i, (net, weights, record) in enumerate(rows):
        graph = graphs[i]
        graph.verify()
        assert count_differing(graph.weights(), weights) == 0
        assert graph.template is graphgen.template(net)
        assert graphs.records[i].items() >= record.items()
        assert graphs.architectures[net.hash].hash == net.hash


@pytest.mark.parametrize("dtype", [np.float64, np.float32, ml_dtypes.bfloat16])
def test_values_are_stacked_without_objects(tmp_path: Path, dtype: Any) -> None:
    graphs, rows = written(tmp_path, dtype)
    chosen = [4, 0, 2]
    values = graphs.values(chosen)
    assert values.dtype == dtype
    for row, i in zip(values, chosen, strict=True):
        net, weights, _ = rows[i]
        floats = [weights[t.name] for t in net.tensors.values() if t.dtype.startswith("float")]
        expected = np.concatenate([array.reshape(-1) for array in floats])
        assert np.array_equal(row, expected)


def test_weights_are_views_of_the_mapped_file(tmp_path: Path) -> None:
    written(tmp_path)
    graphs = graphgen.GraphSet.open(tmp_path)
    for array in graphs[3].weights().values():
        assert not array.flags.writeable
        base: Any = array
        while isinstance(base, np.ndarray):
            base = base.base
        assert isinstance(base.obj if isinstance(base, memoryview) else base, mmap.mmap)


def test_the_same_networks_make_the_same_set(tmp_path: Path) -> None:
    first, rows = written(tmp_path / "a")
    again, _ = written(tmp_path / "b")
    assert first.hash == again.hash == graphgen.GraphSet.open(tmp_path / "b").hash
    rows[1][1]["0.bias"][0] += 1
    other = graphgen.GraphSet.write(tmp_path / "c", rows, rows_per_shard=2, about={"seed": 0})
    assert other.hash != first.hash
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["index.json", *(f"shard-0000{i}.safetensors" for i in range(3))]
    assert again.index["about"] == {"seed": 0}


def test_every_flipped_bit_is_found_and_its_file_named(tmp_path: Path) -> None:
    written(tmp_path)
    path = tmp_path / "shard-00001.safetensors"
    intact = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in [0, 8, len(intact) - 1, *rng.integers(0, len(intact), 30)]:
        damaged = bytearray(intact)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises(graphgen.GraphError, match=r"shard-00001\.safetensors"):
            graphgen.GraphSet.open(tmp_path).verify()
    path.write_bytes(intact)
    graphgen.GraphSet.open(tmp_path).verify()


def test_a_changed_index_is_found(tmp_path: Path) -> None:
    written(tmp_path)
    path = tmp_path / "index.json"
    index = json.loads(path.read_text())

    def refused(message: str, **changes: Any) -> None:
        path.write_text(json.dumps({**index, **changes}))
        with pytest.raises(graphgen.GraphError, match=message):
            graphgen.GraphSet.open(tmp_path)

    networks_ = [{**index["networks"][0], "accuracy": 0.99}, *index["networks"][1:]]
    refused("content does not match its hash", networks=networks_)
    refused("content does not match its hash", about={"seed": 1})
    refused("content does not match its hash", hash="0" * 64)
    refused("got version 2 of graph-metanetworks/graph-set, expected 1", version=2)
    refused("got version True", version=True)
    refused("got the format 'zoo', expected 'graph-metanetworks/graph-set'", format="zoo")
    path.write_text("{")
    with pytest.raises(graphgen.GraphError, match=r"index\.json: not readable as JSON"):
        graphgen.GraphSet.open(tmp_path)
    path.unlink()
    with pytest.raises(graphgen.GraphError, match="holds no finished graph-metanetworks/graph-set"):
        graphgen.GraphSet.open(tmp_path)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_write_that_fails_leaves_the_set_that_was_there(tmp_path: Path) -> None:
    written(tmp_path)
    before = contents(tmp_path)
    rows = some_networks()
    rows[3][1]["0.weight"][1, 1] = np.nan
    with pytest.raises(graphgen.GraphError, match=r"0\.weight: 1 values are NaN .* \[1, 1\]"):
        graphgen.GraphSet.write(tmp_path, rows, rows_per_shard=2, replace=True)
    assert contents(tmp_path) == before
    with pytest.raises(graphgen.GraphError, match="NaN"):
        graphgen.GraphSet.write(tmp_path / "a" / "b", rows)
    assert not (tmp_path / "a").exists()


def test_a_smaller_set_takes_the_place_of_a_larger_one_whole(tmp_path: Path) -> None:
    _, rows = written(tmp_path / "larger")
    graphgen.GraphSet.write(tmp_path / "smaller", rows[:1])
    with pytest.raises(graphgen.GraphError, match=r"holds a .*graph-set already.*--replace"):
        graphgen.GraphSet.write(tmp_path / "larger", rows[:1])
    assert len(contents(tmp_path / "larger")) == 4
    graphgen.GraphSet.write(tmp_path / "larger", rows[:1], replace=True)
    assert contents(tmp_path / "larger") == contents(tmp_path / "smaller")


def test_what_is_no_graph_set_is_never_written_over(tmp_path: Path) -> None:
    for name, text in (("notes.txt", "mine"), ("index.json", '{"format": "other"}')):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text(text)
        for replace in (False, True):
            with pytest.raises(graphgen.GraphError, match="holds .*name a"):
                graphgen.GraphSet.write(folder, some_networks(), replace=replace)
        assert contents(folder) == {name: text.encode()}
    with pytest.raises(graphgen.GraphError, match="is a file, expected a folder"):
        graphgen.GraphSet.write(tmp_path / "notes" / "notes.txt", some_networks())


def test_three_flipped_bytes_are_not_read(tmp_path: Path) -> None:
    written(tmp_path)
    path = tmp_path / "shard-00001.safetensors"
    data = bytearray(path.read_bytes())
    for place in (-1, -5, -9):
        data[place] ^= 1
    path.write_bytes(data)
    graphs = graphgen.GraphSet.open(tmp_path)
    assert graphs[0].weights()  # another shard
    for read in (lambda: graphs[2], lambda: graphs.values([2])):
        with pytest.raises(graphgen.GraphError, match="shard-00001.*changed or damaged"):
            read()


FLOATS = (np.float64, np.float32, np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn)


@pytest.mark.parametrize("seed", range(12))
def test_dtypes_may_be_mixed_in_a_network_and_in_a_set(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    kinds = [FLOATS[k] for k in rng.choice(len(FLOATS), rng.integers(1, 4), replace=False)]
    rows = []
    for net, weights, record in some_networks(np.float64):
        mixed = {
            name: x.astype(kinds[rng.integers(len(kinds))]) if x.dtype == np.float64 else x
            for name, x in weights.items()
        }
        rows.append((net, mixed, record))
    graphgen.GraphSet.write(tmp_path, rows, rows_per_shard=2)
    graphs = graphgen.GraphSet.open(tmp_path)
    graphs.verify()
    used = {x.dtype for _, mixed, _ in rows for x in mixed.values() if x.dtype.kind not in "iu"}
    for i, (net, mixed, _) in enumerate(rows):
        found = graphs[i].weights()
        assert {n: x.dtype for n, x in found.items()} == {n: x.dtype for n, x in mixed.items()}
        assert count_differing(found, mixed) == 0
        floats = [mixed[t.name] for t in net.tensors.values() if t.dtype.startswith("float")]
        flat = np.concatenate([x.reshape(-1).astype(np.float64) for x in floats])
        values = graphs.values([i])[0]
        assert str(values.dtype) == graphs.index["dtype"]
        assert np.array_equal(values.astype(np.float64), flat)
        assert ("dtypes" in graphs.records[i]) == any(
            str(x.dtype) != graphs.index["dtype"] for x in floats
        )
    if len(used) == 1 and np.dtype(ml_dtypes.float8_e4m3fn) not in used:
        assert graphs.index["dtype"] == str(used.pop())


def test_counters_have_their_own_dtype(tmp_path: Path) -> None:
    net, weights, record = some_networks(np.float32)[0]
    counter = {"1.num_batches_tracked": np.array(3, dtype=np.int32)}
    with pytest.raises(graphgen.GraphError, match=r"1\.num_batches_tracked: dtype int32"):
        graphgen.GraphSet.write(tmp_path, [(net, {**weights, **counter}, record)])


def test_networks_without_tensors_are_kept_beside_others(tmp_path: Path) -> None:
    bare = spec.loads("inputs: {x: [3]}\nlayers: [relu]")
    rows = [*some_networks()[:1], (bare, {}, {})]
    graphgen.GraphSet.write(tmp_path, rows)
    graphs = graphgen.GraphSet.open(tmp_path)
    assert graphs[1].weights() == {}
    assert graphs[1].num_nodes == 3


def test_structures_are_described_for_readers_in_other_languages(tmp_path: Path) -> None:
    graphs, rows = written(tmp_path)
    index = json.loads((tmp_path / "index.json").read_text())
    for net, _, _ in rows:
        entry = index["architectures"][net.hash]
        assert entry["structure"] == json.loads(json.dumps(graphgen.template(net).describe()))
        assert spec.from_resolved(entry["resolved"]).hash == net.hash
    sizes = [shard["rows"] for shard in graphs.index["shards"]]
    assert sizes == [2, 2, 1]
