from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spec
from graphgen.errors import GraphError
from graphgen.files import read_weights, write_weights

WEIGHTS = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(200)}
SUFFIXES = [".safetensors", ".npz", ".pt", ".bin", ".yaml", ".onnx", ""]


def saved(suffix: str) -> bytes:
    stream = io.BytesIO()
    if suffix == ".npz":
        np.savez(stream, **WEIGHTS)
        return stream.getvalue()
    header = {
        "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "__metadata__": {"format": "pt"},
    }
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(8)


def zipped(member: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(member, b"\x80\x02}.")
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("w.npy"), io.BytesIO())
    return stream.getvalue()


def array() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros(3))
    return stream.getvalue()


TORCH_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
OTHERS: dict[str, tuple[bytes, str, str]] = {
    "torch": (zipped("archive/data.pkl"), "a checkpoint of PyTorch", "state_dict()"),
    "old torch": (TORCH_LEGACY, "a checkpoint of PyTorch", "state_dict()"),
    "pickle": (pickle.dumps({"w": 1}, protocol=4), "a pickle", "runs code"),
    "zip": (zipped("readme.txt"), "a zip archive", "unpack it"),
    "npy": (array(), "one array of numpy", "numpy.load"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(600), "an HDF5 file", "h5py"),
    "gzip": (gzip.compress(b"weights"), "a gzip archive", "unpack it"),
    "tar": (tarred(), "a tar archive", "unpack it"),
    "onnx": (b"\x08\x08\x12\x07pytorch\x1a\x03" + bytes(40), "an ONNX model", "numpy_helper"),
    "gguf": (b"GGUF\x03" + bytes(40), "a GGUF file", "convert it"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(40), "a PNG picture", "convert it"),
}
TEXTS = {
    "yaml": (b"inputs: {x: [2]}\nlayers: [relu]\n", "before the weights"),
    "json": (b'{"metadata": {}, "weight_map": {}}', "tensors and their files"),
    "long text": ("größer\n".encode() * 200, "before the weights"),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("format", [".safetensors", ".npz"])
def test_weights_are_read_under_any_name(tmp_path: Path, suffix: str, format: str) -> None:
    original = tmp_path / f"w{format}"
    write_weights(original, WEIGHTS)
    renamed = tmp_path / f"renamed{suffix}"
    renamed.write_bytes(original.read_bytes())
    found = read_weights(renamed)
    assert {name: x.tobytes() for name, x in found.items()} == {
        name: x.tobytes() for name, x in WEIGHTS.items()
    }
    renamed.write_bytes(saved(format))
    assert read_weights(renamed)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", OTHERS)
def test_files_of_other_kinds_are_named(tmp_path: Path, kind: str, suffix: str) -> None:
    data, what, advice = OTHERS[kind]
    path = tmp_path / f"mine{suffix}"
    path.write_bytes(data)
    if (kind, suffix) == ("zip", ".npz"):
        what, advice = "cannot be read|the member 'readme.txt'", "numpy.savez"
    with pytest.raises(GraphError, match=what) as caught:
        read_weights(path)
    assert advice in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", TEXTS)
def test_text_is_no_weights(tmp_path: Path, kind: str, suffix: str) -> None:
    data, advice = TEXTS[kind]
    path = tmp_path / f"mine{suffix}"
    path.write_bytes(data)
    expected = "the file is text; weights are read from"
    if kind == "json" and suffix != ".yaml":
        expected = "no index of a checkpoint's shards"
    with pytest.raises(GraphError, match=expected) as caught:
        read_weights(path)
    if kind != "json" and suffix in (".pt", ".bin"):
        advice = "torch.save"
    assert (advice if suffix != ".yaml" else "before the weights") in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mine{suffix}"
    path.write_bytes(b"")
    with pytest.raises(GraphError, match=r"the file is empty \(0 bytes\).* write it again"):
        read_weights(path)


@pytest.mark.parametrize("kind", [*OTHERS, ".safetensors", ".npz"])
def test_no_file_of_another_kind_is_an_architecture(tmp_path: Path, kind: str) -> None:
    data, what = OTHERS[kind][:2] if kind in OTHERS else (saved(kind), kind.removeprefix("."))
    path = tmp_path / "mine.pt"
    path.write_bytes(data)
    with pytest.raises(spec.SpecError, match=what) as caught:
        spec.load(path)
    assert "expected text in YAML" in str(caught.value)
    assert "U+" not in str(caught.value)


def test_control_text_is_read_as_an_architecture(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(TEXTS["yaml"][0])
    assert spec.load(path).layers
    path.write_bytes("inputs: {x: [2]}".encode("utf-16"))
    with pytest.raises(spec.SpecError, match="not UTF-8"):
        spec.load(path)


def test_what_torch_saves_is_known(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    save: Callable[..., Any] = torch.save
    for new in (True, False):
        path = tmp_path / "mine.safetensors"
        save({"w": torch.zeros(2)}, path, _use_new_zipfile_serialization=new)
        assert read_weights(path)["w"].tolist() == [0, 0]


def test_headers_of_every_length_are_known(tmp_path: Path) -> None:
    lengths = set()
    for length in range(1, 1600, 7):
        write_weights(tmp_path / "w.safetensors", {"w" * length: np.zeros(2)})
        path = (tmp_path / "w.safetensors").rename(tmp_path / "w.pt")
        assert [*read_weights(path)] == ["w" * length]
        lengths.add(path.read_bytes()[:2])
    assert {b"\x80\x02", b"\x80\x03", b"\x80\x04"} <= lengths
