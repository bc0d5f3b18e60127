from __future__ import annotations

import copy
import hashlib
import timeit
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgen.errors import GraphError
from graphgen.files import Shard, write_safetensors, write_shard
from graphgen.files.safetensors_format import Array

LENGTHS = st.lists(st.integers(0, 5), min_size=1, max_size=6)
DTYPES = st.sampled_from(["f4", "i8", "?", "u1", ml_dtypes.bfloat16])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ragged")


@given(lengths=LENGTHS, dtypes=st.dictionaries(st.text(min_size=1, max_size=4), DTYPES, min_size=1))
@settings(max_examples=100, deadline=None)
def test_rows_come_back(folder: Path, lengths: list[int], dtypes: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    columns = {
        name: [rng.integers(0, 9, length).astype(dtype) for length in rng.permutation(lengths)]
        for name, dtype in dtypes.items()
    }
    path = folder / "rows.safetensors"
    metadata = {"kind": "test", "é": ""}
    digest = write_shard(path, columns, metadata)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    shard = Shard(path)
    shard.verify(digest)
    assert shard.rows == len(shard) == len(lengths)
    assert shard.columns == tuple(sorted(columns))
    assert shard.metadata == metadata
    for name, arrays in columns.items():
        for i, array in enumerate(arrays):
            row = shard.row(name, i)
            assert row.dtype == array.dtype
            assert row.tobytes() == array.tobytes()
            assert not row.flags.owndata
            assert not row.flags.writeable
        values, pointers = shard.column(name)
        assert values.tobytes() == np.concatenate(arrays).tobytes()
        assert pointers.tolist() == [0, *np.cumsum([a.size for a in arrays])]
    shuffled = {name: columns[name] for name in sorted(columns, reverse=True)}
    again = write_shard(folder / "again.safetensors", shuffled, dict(reversed(metadata.items())))
    assert again == digest


def test_the_file_is_plain_safetensors_and_the_hash_follows_every_part(folder: Path) -> None:
    path = folder / "plain.safetensors"
    rows = [np.array([1.0, 2.0]), np.array([]), np.array([3.0])]
    digest = write_shard(path, {"w": rows}, {"a": "1"})
    arrays = safetensors.numpy.load_file(path)
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "w.values": [1.0, 2.0, 3.0],
        "w.pointers": [0, 2, 2, 3],
    }
    others = [
        write_shard(path, {"w": [rows[0], rows[2], rows[1]]}, {"a": "1"}),
        write_shard(path, {"w": [np.array([1.0, 2.5]), rows[1], rows[2]]}, {"a": "1"}),
        write_shard(path, {"v": rows}, {"a": "1"}),
        write_shard(path, {"w": rows}, {"a": "2"}),
        write_shard(path, {"w": [row.astype(np.float32) for row in rows]}, {"a": "1"}),
    ]
    assert len({digest, *others}) == 6


def test_rows_of_a_two_dimensional_array_and_strided_rows(folder: Path) -> None:
    table = np.arange(12).reshape(3, 4)
    path = folder / "table.safetensors"
    digest = write_shard(path, {"t": table}, {})  # type: ignore[dict-item]
    assert Shard(path).row("t", 1).tolist() == [4, 5, 6, 7]
    strided = [np.repeat(row, 3)[::3].astype(">i8") for row in table]
    assert write_shard(path, {"t": strided}, {}) == digest


def test_every_flipped_byte_is_found_by_verify(folder: Path) -> None:
    path = folder / "flipped.safetensors"
    digest = write_shard(path, {"w": [np.ones(3), np.ones(2)]}, {"k": "v"})
    data = path.read_bytes()
    Shard(path).verify(digest)
    Shard(path).verify(digest.upper())
    unseen_without = 0
    for position in range(len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 4]) + data[position + 1 :])
        try:
            shard = Shard(path)
        except GraphError:
            continue
        unseen_without += 1
        with pytest.raises(GraphError, match=f"changed or damaged.*expected {digest}") as caught:
            shard.verify(digest)
        assert str(path) in str(caught.value)
    # The control: opening alone does not look at the values.
    assert unseen_without >= 5 * 8


def test_every_truncation_is_refused(folder: Path) -> None:
    path = folder / "cut.safetensors"
    write_shard(path, {"w": [np.ones(3), np.ones(2)]}, {})
    data = path.read_bytes()
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        with pytest.raises(GraphError, match=r"cut\.safetensors"):
            Shard(path)


def pair(values: Any, pointers: Any, name: str = "w") -> dict[str, Array]:
    return {f"{name}.values": np.asarray(values), f"{name}.pointers": np.asarray(pointers)}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, r"found the arrays \[\]"),
        ({"w": np.zeros(3)}, r"found the arrays \['w'\]"),
        ({"w.values": np.zeros(3)}, "expected a pair"),
        ({**pair([1.0], [0, 1]), "v.pointers": np.zeros(2, int)}, "expected a pair"),
        (pair([1.0, 2.0], [0, 1]), "do not rise from 0 to its 2 values"),
        (pair([1.0, 2.0], [1, 2]), "do not rise"),
        (pair([1.0, 2.0], [0, 3]), "do not rise"),
        (pair([1.0, 2.0], [0, 2, 1, 2]), "do not rise"),
        (pair([1.0, 2.0], [0, -1, 2]), "do not rise"),
        (pair([], [0]), "do not rise"),
        (pair([], np.zeros(0, int)), "do not rise"),
        (pair([1.0], np.array([0, 1], np.int32)), "dtype int32, expected one axis each and int64"),
        (pair([[1.0]], [0, 1]), r"values of shape \(1, 1\)"),
        (pair([1.0], [[0, 1]]), r"pointers of shape \(1, 2\)"),
        ({**pair([1.0], [0, 1]), **pair([1.0], [0, 0, 1], "v")}, "different numbers of rows"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, arrays: dict[str, Array], message: str) -> None:
    path = tmp_path / "s.safetensors"
    write_safetensors(path, arrays)
    with pytest.raises(GraphError, match=message) as caught:
        Shard(path)
    assert str(path) in str(caught.value)
    write_safetensors(path, pair([1.0, 2.0], [0, 0, 2, 2]))
    assert [Shard(path).row("w", i).tolist() for i in range(3)] == [[], [1.0, 2.0], []]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "at least one column"),
        ({"w": []}, r"these numbers of rows: \{'w': 0\}"),
        ({"w": [np.zeros(1)], "v": []}, "the same number of rows"),
        ({"w": [np.zeros(1), np.zeros(1, "f4")]}, "row 1 of the column 'w' has the dtype float32"),
        ({"w": [np.zeros(1), np.zeros((1, 1))]}, r"row 1 .* ndarray and shape \(1, 1\)"),
        ({"w": [np.zeros(())]}, r"row 0 .* shape \(\), expected a numpy array with one axis"),
        ({"w": [[1.0]]}, "row 0 of the column 'w' is of type list"),
        ({"w": [np.array([None])]}, r"'w\.values' has the dtype object"),
        ({"": [np.zeros(1)]}, "column names must be non-empty strings"),
        ({1: [np.zeros(1)]}, "column names must be non-empty strings, found 1"),
    ],
)
def test_other_columns_are_refused(tmp_path: Path, columns: Any, message: str) -> None:
    with pytest.raises(GraphError, match=message) as caught:
        write_shard(tmp_path / "s.safetensors", columns, {})
    assert "s.safetensors" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_what_a_shard_lacks_is_named(folder: Path) -> None:
    path = folder / "lacks.safetensors"
    write_shard(path, {"w": [np.ones(1)], "v": [np.ones(1)]}, {})
    shard = Shard(path)
    with pytest.raises(GraphError, match=r"lacks\.safetensors: there is no column 'x', .* v, w"):
        shard.row("x", 0)
    for i in (-1, 1):
        with pytest.raises(GraphError, match=f"there is no row {i}, expected 0 to 0"):
            shard.row("w", i)
    assert copy.copy(shard).row("w", 0).tolist() == [1.0]
    row = shard.row("w", 0)
    del shard
    assert row.tolist() == [1.0]


def test_a_row_takes_microseconds(folder: Path) -> None:
    path = folder / "fast.safetensors"
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 40, 50_000)
    write_shard(path, {"w": [np.zeros(length, np.float32) for length in lengths]}, {})
    shard = Shard(path)
    indices = rng.integers(0, shard.rows, 1000).tolist()
    best = min(timeit.repeat(lambda: [shard.row("w", i) for i in indices], number=1, repeat=20))
    assert best / len(indices) < 20e-6
    # The control: the library copies a whole column for each row.
    slow = min(timeit.repeat(lambda: safetensors.numpy.load_file(path)["w.values"], number=1))
    assert slow > 20e-6
