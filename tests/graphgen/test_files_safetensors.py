from __future__ import annotations

import copy
import hashlib
import json
import random
import time
import tracemalloc
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgen.errors import GraphError
from graphgen.files import open_safetensors, write_safetensors
from graphgen.files.safetensors_format import DTYPES, Array

NAMES = st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda n: n != "__metadata__")
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


def filled(dtype: np.dtype[Any], shape: tuple[int, ...], seed: int) -> Array:
    size = int(np.prod(shape)) * dtype.itemsize
    data = random.Random(seed).randbytes(size)
    if dtype == np.dtype(bool):
        data = bytes(b & 1 for b in data)
    return np.frombuffer(data, dtype).reshape(shape)


def same_bits(a: Array, b: Array) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


ARRAYS = st.builds(filled, st.sampled_from(list(DTYPES.values())), SHAPES, st.integers(0, 99))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("safetensors")


@given(arrays=st.dictionaries(NAMES, ARRAYS, max_size=5), metadata=st.dictionaries(NAMES, NAMES))
@settings(max_examples=100, deadline=None)
def test_agrees_with_the_safetensors_library(
    folder: Path, arrays: dict[str, Array], metadata: dict[str, str]
) -> None:
    path = folder / "agrees.safetensors"
    digest = write_safetensors(path, arrays, metadata)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    with safetensors.safe_open(path, framework="np") as reference:
        assert (reference.metadata() or {}) == metadata
        assert set(reference.keys()) == set(arrays)
    write_safetensors(path, arrays)
    assert path.read_bytes() == safetensors.numpy.save(arrays)
    # With metadata and no array, some versions of the library write a header that is no JSON.
    path.write_bytes(safetensors.numpy.save(arrays, metadata if arrays else None))
    file = open_safetensors(path)
    assert file.metadata == (metadata if arrays else {})
    assert file.shapes == {name: array.shape for name, array in arrays.items()}
    assert file.dtypes == {name: array.dtype for name, array in arrays.items()}
    assert file.keys() == arrays.keys()
    assert all(same_bits(file[name], array) for name, array in arrays.items())


def test_reads_torch_bfloat16(folder: Path) -> None:
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    tensor = torch.tensor([1.5, -2.0, 3e38]).bfloat16()
    save_file({"w": tensor}, folder / "bf16.safetensors")
    array = open_safetensors(folder / "bf16.safetensors")["w"]
    assert array.dtype == ml_dtypes.bfloat16
    assert array.astype(np.float32).tolist() == tensor.float().tolist()


def test_strides_and_byte_orders_do_not_matter(folder: Path) -> None:
    plain = np.arange(24, dtype="<f4").reshape(4, 6)
    variants = [np.asfortranarray(plain), plain.astype(">f4"), np.repeat(plain, 2, 1)[:, ::2]]
    digests = {write_safetensors(folder / "v.safetensors", {"w": v}) for v in [plain, *variants]}
    assert len(digests) == 1
    assert len(digests | {write_safetensors(folder / "v.safetensors", {"w": plain + 1})}) == 2


def test_views_are_read_only_and_map_the_file(folder: Path) -> None:
    path = folder / "views.safetensors"
    write_safetensors(path, {"a": np.arange(6, dtype=np.int16), "b": np.zeros((), bool)})
    file = open_safetensors(path)
    a = file["a"]
    assert not a.flags.owndata
    assert np.shares_memory(a, file["a"])
    with pytest.raises(ValueError, match="read-only"):
        a[0] = 1
    with path.open("r+b") as raw:
        raw.seek(-1 - a.nbytes, 2)
        raw.write(b"\x07")
    assert a[0] == 7
    again = copy.copy(file)
    assert again["a"].tolist() == a.tolist()
    assert len({file, again, file}) == 2
    assert (file == again) is False
    with pytest.raises(KeyError):
        file["missing"]
    del file
    assert a[5] == 5


def test_unaligned_data_can_be_read(folder: Path) -> None:
    text = b'{"w":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}'
    assert len(text) % 8
    path = folder / "unaligned.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + np.array([1.5, 2.5]).tobytes())
    assert open_safetensors(path)["w"].tolist() == [1.5, 2.5]


def test_opening_a_huge_file_costs_its_header_only(folder: Path) -> None:
    path = folder / "huge.safetensors"
    count, size = 200, 100 * 2**20
    header = {
        f"layer.{i}": {
            "dtype": "F32",
            "shape": [size // 4],
            "data_offsets": [begin, begin + size],
        }
        for i, begin in enumerate(range(0, count * size, size))
    }
    text = json.dumps(header).encode()
    with path.open("wb") as raw:
        raw.write(len(text).to_bytes(8, "little") + text)
        raw.truncate(8 + len(text) + count * size)
        raw.seek(-4, 2)
        raw.write(np.float32(7).tobytes())
    tracemalloc.start()
    begin = time.perf_counter()
    arrays = dict(open_safetensors(path))
    seconds = time.perf_counter() - begin
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    try:
        assert path.stat().st_size > 20e9
        assert arrays[f"layer.{count - 1}"][-1] == 7
        assert arrays["layer.0"][size // 8] == 0
        assert seconds < 0.5
        assert peak < 2e6
    finally:
        path.unlink()


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.safetensors").touch()
    (tmp_path / "pointer.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    for name, message in [
        ("missing.safetensors", "there is no such file; check the path"),
        ("empty.safetensors", "found 0 bytes"),
        ("pointer.safetensors", r"first bytes b'version '"),
        (".", r"is a folder, expected a file; name one of its files: empty.safetensors, pointer"),
        ("x" * 300, "File name too long"),
    ]:
        with pytest.raises(GraphError, match=message):
            open_safetensors(tmp_path / name)


def test_what_the_format_lacks_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    zero: Any = np.zeros(1)
    for arrays, metadata, message in [
        ({"w": zero.astype(np.complex128)}, {}, "'w' has the dtype complex128"),
        ({"w": zero.astype(object)}, {}, "dtype object"),
        ({"__metadata__": zero}, {}, "rename it"),
        ({1: zero}, {}, "array names must be strings, found 1"),
        ({"w": zero}, {"k": 1}, "metadata values"),
        ({"\ud800": zero}, {}, "valid Unicode"),
    ]:
        with pytest.raises(GraphError, match=message):
            write_safetensors(path, arrays, metadata)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
