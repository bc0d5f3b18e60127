"""Views in a graph set's folder: what was written is read, and what is damaged refused."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from view_toys import write_set, write_view

from graphgen import GraphError, GraphSet
from graphgen.files.document import canonical
from graphgen.files.ragged import write_shard


def reseal(path: Path, **changes: Any) -> None:
    """Change an index, and give it the hash of what it then says."""
    content = json.loads(path.read_text())
    content = {key: value for key, value in {**content, **changes}.items() if value is not None}
    content.pop("hash")
    content["hash"] = hashlib.sha256(canonical(path, content).encode()).hexdigest()
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("level", ["network", "node"])
def test_what_was_written_is_read_bit_for_bit(tmp_path: Path, level: str, dtype: str) -> None:
    graph_set = write_set(tmp_path / "set", dtype=dtype)
    state = {"inputs": np.arange(6, dtype=np.float32).reshape(2, 3), "labels": np.arange(2)}
    rows = write_view(graph_set, "exam-3", level, 3, dtype, state)
    assert graph_set.views == ("exam-3",)
    view = GraphSet.open(tmp_path / "set").view("exam-3")
    view.verify()
    assert (view.name, view.family, view.level) == ("exam-3", "exam", level)
    assert view.columns == ("column_0", "column_1", "column_2")
    for i, row in enumerate(rows):
        assert view[i].dtype == dtype
        assert not view[i].flags.writeable
        np.testing.assert_array_equal(view[i], row)
    np.testing.assert_array_equal(view[-1], rows[-1])
    chosen = [5, 1, 3]
    np.testing.assert_array_equal(view.values(chosen), np.stack([rows[i] for i in chosen]))
    for name, array in view.state().items():
        np.testing.assert_array_equal(array, state[name])
    assert not len(write_set(tmp_path / "bare").views)


def test_networks_of_other_sizes_are_not_stacked(tmp_path: Path) -> None:
    graph_set = write_set(tmp_path / "set")
    write_view(graph_set, "rows", "node")
    write_view(graph_set, "spectra")
    assert graph_set.view("spectra").values([0, 1]).shape == (2, 2)
    for indices, words in (([0, 1], "nodes; expected those of one"), ([], "is empty")):
        with pytest.raises(GraphError, match=words):
            graph_set.view("rows").values(indices)
    for i in (18, -19):
        with pytest.raises(GraphError, match="there is no network"):
            graph_set.view("rows")[i]


@pytest.mark.parametrize("name", ["other", "", "..", "../views/spectra", "/etc", ".hidden", "a/b"])
def test_a_view_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    graph_set = write_set(tmp_path / "set")
    write_view(graph_set, "spectra")
    with pytest.raises(GraphError, match="it has spectra"):
        graph_set.view(name)


def test_a_view_of_another_graph_set_is_refused(tmp_path: Path) -> None:
    first, second = write_set(tmp_path / "a"), write_set(tmp_path / "b", seed=1)
    write_view(first, "spectra")
    shutil.copytree(first.folder / "views", second.folder / "views")
    with pytest.raises(GraphError, match="is of the graph set .* which is not the one here"):
        second.view("spectra")
    # Replaced in its place, too; and the same networks once more are the same graph set.
    assert write_set(tmp_path / "a").view("spectra").level == "network"
    replaced = write_set(tmp_path / "a", seed=1)
    assert replaced.views == ("spectra",)
    with pytest.raises(GraphError, match="`gmn compile` makes it again"):
        replaced.view("spectra")


def test_damage_is_found_where_it_is_read(tmp_path: Path) -> None:
    graph_set = write_set(tmp_path / "set")
    write_view(graph_set, "exam", state={"labels": np.arange(40)})
    folder = graph_set.folder / "views/exam"
    for file in sorted(path.name for path in folder.iterdir()):
        kept = (folder / file).read_bytes()
        for damaged in (kept[:-1] + bytes([kept[-1] ^ 1]), kept[: len(kept) // 2], b""):
            (folder / file).write_bytes(damaged)
            with pytest.raises(GraphError, match=file):
                GraphSet.open(graph_set.folder).view("exam").verify()
        (folder / file).unlink()
        with pytest.raises(GraphError):
            GraphSet.open(graph_set.folder).view("exam").verify()
        (folder / file).write_bytes(kept)
    GraphSet.open(graph_set.folder).view("exam").verify()  # control


def shards(*networks: list[int]) -> list[dict[str, Any]]:
    return [
        {"file": f"shard-{i:05d}.safetensors", "networks": own} for i, own in enumerate(networks)
    ]


def read(folder: Path) -> None:
    view = GraphSet.open(folder).view("spectra")
    view.verify()
    view.values([0, 3])


FIRST, REST = [0, 2, 4, 6, 8, 10, 12, 14, 16, 1], [3, 5, 7, 9, 11, 13, 15, 17]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "other"}, "is of the view 'other', but lies in 'spectra'"),
        ({"graph_set": "0" * 64}, "is of the graph set 0000"),
        ({"level": "edge"}, "got 'edge'"),
        ({"columns": ["a", "a"]}, "uniqueItems"),
        ({"columns": ["a"]}, "has 2 numbers, expected"),
        ({"level": "node"}, "has 2 numbers, expected"),
        ({"dtype": "float64"}, "expected 10 of values.float64"),
        ({"seconds": {"make": -1, "compute": 0}}, "seconds.make"),
        ({"shards": shards(FIRST, [*REST[:-1], 18])}, "expected each of the 18"),
        ({"shards": shards(FIRST, [*REST[:-1], 3])}, "expected each of the 18"),
        ({"shards": shards(FIRST)}, "but the parts are"),
        ({"shards": shards(FIRST[:-1], [*REST, 1])}, "has 10 rows"),
        ({"state": "state.safetensors"}, "but the parts are"),
        ({"made_of": {"target": "x", "networks": [18], "content": ["0" * 64]}}, "outside"),
        ({"made_of": {"target": "x", "networks": [1, 2], "content": ["0" * 64]}}, "1 hashes"),
        ({"more": 1}, "'more' was unexpected"),
        ({"identity": None}, "`identity` is missing"),
    ],
)
def test_an_index_that_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    graph_set = write_set(tmp_path / "set")
    write_view(graph_set, "spectra")
    index = graph_set.folder / "views/spectra/index.json"
    reseal(index)
    assert GraphSet.open(graph_set.folder).view("spectra").values([0]).size == 2  # control
    reseal(index, **changes)
    with pytest.raises(GraphError, match=words):
        read(graph_set.folder)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    graph_set = write_set(tmp_path / "set")
    write_view(graph_set, "spectra")
    folder = graph_set.folder / "views/spectra"
    write_view(graph_set, "control")
    graph_set.view("control").verify()
    file = folder / "shard-00001.safetensors"
    sha256 = write_shard(file, {"values.float32": [np.full(2, value, np.float32)] * 8}, {})
    parts = json.loads((folder / "index.json").read_text())["parts"]
    parts[1]["sha256"] = sha256
    reseal(folder / "index.json", parts=parts)
    with pytest.raises(GraphError, match=r"row 0: got (nan|inf) among the numbers of the view"):
        GraphSet.open(graph_set.folder).view("spectra").verify()


def test_a_view_that_leads_out_of_the_set_is_not_read(tmp_path: Path) -> None:
    graph_set, other = write_set(tmp_path / "set"), write_set(tmp_path / "other")
    write_view(other, "spectra")
    (graph_set.folder / "views").mkdir()
    (graph_set.folder / "views/spectra").symlink_to(other.folder / "views/spectra")
    with pytest.raises(GraphError, match="leads out of"):
        graph_set.view("spectra")


def test_views_are_read_without_torch(tmp_path: Path) -> None:
    write_view(write_set(tmp_path / "set"), "spectra")
    code = (
        "import sys, graphgen; g = graphgen.GraphSet.open(sys.argv[1]);"
        "print(g.view('spectra').values([0]).shape, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "set")], capture_output=True, text=True
    )
    assert done.stdout == "(1, 2) False\n", done.stderr
