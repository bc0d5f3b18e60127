from __future__ import annotations

import os
import random
import zipfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from graphgen.errors import GraphError
from graphgen.files import open_safetensors, read_weights, write_weights
from graphgen.files.safetensors_format import DTYPES, Array

WEIGHTS: dict[str, Array] = {
    "layers.0.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "file": np.array(2.5),
    "allow_pickle": np.array([True, False]),
    "a.npy": np.zeros((0, 3), np.int64),
}


def assert_same(found: dict[str, Array], expected: dict[str, Array]) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".NPZ", ".SafeTensors"])
def test_round_trip_to_equal_bytes(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"
    write_weights(first, WEIGHTS)
    write_weights(second, dict(reversed(WEIGHTS.items())))
    assert first.read_bytes() == second.read_bytes()
    assert_same(read_weights(first), WEIGHTS)
    assert_same(read_weights(str(second)), WEIGHTS)
    write_weights(first, {**WEIGHTS, "file": np.array(2.75)})
    assert first.read_bytes() != second.read_bytes()
    with pytest.raises(AssertionError):
        assert_same(read_weights(first), WEIGHTS)


def test_all_dtypes(tmp_path: Path) -> None:
    arrays = {name: np.ones((2, 3), dtype) for name, dtype in DTYPES.items()}
    write_weights(tmp_path / "all.safetensors", arrays)
    assert_same(read_weights(tmp_path / "all.safetensors"), arrays)
    plain = {n: a for n, a in arrays.items() if n != "BF16" and not n.startswith("F8")}
    write_weights(tmp_path / "plain.npz", plain)
    assert_same(read_weights(tmp_path / "plain.npz"), plain)
    for name in arrays.keys() - plain.keys():
        with pytest.raises(GraphError, match=r"which \.npz cannot hold; write a \.safetensors"):
            write_weights(tmp_path / "new.npz", {name: arrays[name]})
    with pytest.raises(GraphError, match="'w' has the dtype complex128"):
        write_weights(tmp_path / "new.safetensors", {"w": np.zeros(1, complex)})
    assert sorted(os.listdir(tmp_path)) == ["all.safetensors", "plain.npz"]


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_strided_and_byte_swapped_arrays(tmp_path: Path, suffix: str) -> None:
    plain = np.arange(24, dtype=np.float64).reshape(4, 6)
    variants = [plain[::2, ::-1], plain.T, np.broadcast_to(plain[0], (2, 6)), plain.astype(">f8")]
    weights = {str(i): variant for i, variant in enumerate(variants)}
    write_weights(tmp_path / f"w{suffix}", weights)
    found = read_weights(tmp_path / f"w{suffix}")
    assert all(np.array_equal(found[name], weights[name]) for name in weights)


def test_reads_what_numpy_writes(tmp_path: Path) -> None:
    expected: dict[str, Any] = {"a/b": np.arange(3), "c": np.array(1, np.float32)}
    np.savez(tmp_path / "plain.npz", **expected)
    np.savez_compressed(tmp_path / "small.npz", **expected)
    assert_same(read_weights(tmp_path / "plain.npz"), expected)
    assert_same(read_weights(tmp_path / "small.npz"), expected)
    write_weights(tmp_path / "ours.npz", expected)
    with np.load(tmp_path / "ours.npz", allow_pickle=False) as archive:
        assert_same(dict(archive), expected)


def test_safetensors_weights_are_mapped_and_can_be_written_over(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    write_weights(path, {"w": np.arange(5)})
    weights = read_weights(path)
    assert not weights["w"].flags.owndata
    assert not weights["w"].flags.writeable
    write_weights(path, {"w": weights["w"][::-1]})
    assert weights["w"].tolist() == [0, 1, 2, 3, 4]
    assert read_weights(open_safetensors(path))["w"].tolist() == [4, 3, 2, 1, 0]


def test_a_mapping_is_not_copied() -> None:
    array = np.arange(3.0)
    weights = {"w": array, "bf16": np.zeros(2, ml_dtypes.bfloat16), "scalar": np.float32(2)}
    found = read_weights(weights)
    assert found is not weights
    assert found["w"] is array
    assert found["bf16"] is weights["bf16"]
    assert found["scalar"].shape == ()


def test_torch_tensors() -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.arange(6.0).reshape(2, 3)
    found = read_weights({"w": tensor, "t": tensor.T})
    found["w"][0, 0] = 7
    assert tensor[0, 0] == 7
    assert found["t"].shape == (3, 2)
    for bad in (torch.zeros(2, requires_grad=True), torch.zeros(2).bfloat16()):
        with pytest.raises(GraphError, match=r"the weight 'w' of type Tensor .* \.detach\(\)"):
            read_weights({"w": bad})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"w": [1.0, 2.0]}, "'w' is of type list, expected an array; convert it with numpy.asarr"),
        ({"w": 1.0}, "'w' is of type float"),
        ({1: np.zeros(1)}, "the name 1 of type int; expected a string"),
        ({"w": np.array([None])}, "'w' has the dtype object, expected numbers"),
        ({"w": np.array(["a"])}, "'w' has the dtype <U1"),
        ({"w": np.zeros(1, "V2")}, r"'w' has the dtype \|V2"),
        ({"w": np.zeros(1, "M8[s]")}, "'w' has the dtype datetime64"),
        ({"w": np.zeros(1, [("a", "f4")])}, "'w' has the dtype"),
        ([np.zeros(1)], "the weights are of type list, expected the path"),
        (None, "the weights are of type NoneType"),
    ],
)
def test_other_sources_are_refused(source: Any, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        read_weights(source)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("w.pt", r"save model\.state_dict\(\) by torch\.save"),
        ("w.bin", r"save model\.state_dict\(\) by torch\.save"),
        ("w.npy", r"pass \{name: numpy\.load\(path\)\}"),
        ("w.yaml", r"the file is text; .* an architecture is an argument of its own"),
        ("w.h5", r"the file is text; weights are read from \.safetensors, \.npz and \.pt files"),
        ("w", r"the file is text; weights are read from \.safetensors, \.npz and \.pt files"),
    ],
)
def test_other_suffixes_are_refused_with_advice(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(GraphError, match=message) as caught:
        read_weights(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    with pytest.raises(GraphError, match=r"use \.safetensors or \.npz"):
        write_weights(tmp_path / name, WEIGHTS)
    assert (tmp_path / name).read_bytes() == b"x"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.npz").mkdir()
    for name in ["missing.npz", "missing.safetensors", "missing.pt", "missing"]:
        with pytest.raises(GraphError, match="there is no such file"):
            read_weights(tmp_path / name)
    with pytest.raises(GraphError, match="is a folder without weights"):
        read_weights(tmp_path / "folder.npz")
    with pytest.raises(GraphError, match="expected a mapping"):
        write_weights(tmp_path / "w.npz", [np.zeros(1)])  # type: ignore[arg-type]


def test_bad_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.npz"

    def refused(message: str) -> None:
        with pytest.raises(GraphError, match=message) as caught:
            read_weights(path)
        assert str(path) in str(caught.value)

    path.write_bytes(b"no zip at all")
    refused("the file is text")
    path.write_bytes(b"no zip at all\0")
    refused("BadZipFile")
    np.savez(path, w=np.array([{"a": 1}]))
    refused("array 'w'.*Object arrays")
    np.savez(path, w=np.zeros(2, ml_dtypes.bfloat16))
    refused(r"'w' has the dtype \|V2")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused(r"the member 'readme\.txt'")
    write_weights(path, {"w": np.zeros(2)})
    with zipfile.ZipFile(path) as archive:
        member = archive.read("w.npy")
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("w.npy", member)
    refused("the array 'w' twice")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", member + b"more")
    refused("found 20 bytes after the header, expected 16 for float64")
    huge = member.replace(b"(2,), }" + b" " * 20, b"(2222222222222222,), }" + b" " * 5)
    assert len(huge) == len(member)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", huge)
    refused("array 'w': cannot be read")


@pytest.mark.parametrize("save", [write_weights, lambda p, w: np.savez_compressed(p, **w)])
def test_damaged_archives_never_give_other_arrays(tmp_path: Path, save: Any) -> None:
    path = tmp_path / "w.npz"
    weights: dict[str, Array] = {"a": np.arange(40, dtype=np.float32), "b": np.ones((2, 2))}
    save(path, weights)
    data = path.read_bytes()
    chance = random.Random(0)
    refused = 0
    for position in range(0, len(data), 3):
        flipped = bytearray(data)
        flipped[position] ^= 1 << chance.randrange(8)
        cut = data[:position]
        for damaged in (bytes(flipped), cut):
            path.write_bytes(damaged)
            try:
                found = read_weights(path)
            except GraphError:
                refused += 1
                continue
            assert_same(found, weights)
    assert refused > len(data) / 3


def test_control_a_flip_in_safetensors_values_goes_unseen_without_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    write_weights(path, {"w": np.zeros(2)})
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert read_weights(path)["w"][1] != 0
