"""Checkpoints of torch, sharded ones and folders: read as torch reads them, or refused."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graphgen.errors import GraphError
from graphgen.files import open_weights, read_weights, write_weights
from graphgen.files.safetensors_format import DTYPES

SAVE: Callable[..., Any] = torch.save
GENERATOR = torch.Generator().manual_seed(0)
STATE = {
    "0.weight": torch.randn((3, 4), generator=GENERATOR),
    "0.bias": torch.nn.Parameter(torch.randn(3, generator=GENERATOR, dtype=torch.float64)),
    "half": torch.randn(5, generator=GENERATOR).to(torch.bfloat16),
    "count": torch.tensor(7),
    "strided": torch.arange(12).reshape(3, 4).T[::2],
}


def same(array: np.ndarray[Any, Any], tensor: torch.Tensor) -> bool:
    plain = tensor.detach().contiguous()
    bits = plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b""
    named = str(tensor.dtype) == f"torch.{array.dtype}"
    return named and array.shape == tuple(tensor.shape) and array.tobytes() == bits


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt", ".safetensors", ""])
def test_what_torch_saves_is_read_bit_by_bit(tmp_path: Path, suffix: str, new: bool) -> None:
    path = tmp_path / f"model{suffix}"
    SAVE(STATE, path, _use_new_zipfile_serialization=new)
    found = read_weights(path)
    assert found.keys() == STATE.keys()
    assert all(same(found[name], tensor) for name, tensor in STATE.items())
    assert not any(array.flags.writeable for array in found.values())
    changed = STATE["0.weight"] + 1
    assert not same(found["0.weight"], changed)


def test_every_dtype_that_both_have(tmp_path: Path) -> None:
    dtypes = [d for d in (getattr(torch, t.name, None) for t in DTYPES.values()) if d is not None]
    assert {torch.float8_e5m2, torch.bfloat16, torch.complex64, torch.uint16} <= {*dtypes}
    state = {str(dtype): torch.zeros((2, 3), dtype=dtype) for dtype in dtypes}
    SAVE(state, tmp_path / "all.pt")
    found = read_weights(tmp_path / "all.pt")
    assert all(same(found[name], tensor) for name, tensor in state.items())


def test_a_state_dict_inside_of_a_checkpoint_is_found(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    whole = {
        "epoch": 3,
        "state_dict": model.state_dict(),
        "optimizer_states": [optimizer.state_dict()],
        "optimizer": optimizer.state_dict(),
    }
    SAVE(whole, path)
    assert {*read_weights(path)} == {"weight", "bias"}
    SAVE({**whole, "ema": {"model": model.state_dict()}}, path)
    with pytest.raises(GraphError, match=r"several sections: 'state_dict', 'ema\.model'; name"):
        read_weights(path)
    assert {*open_weights(path, "ema.model").arrays} == {"weight", "bias"}
    with pytest.raises(GraphError, match=r"no section 'eva'; its sections with tensors: 'state_d"):
        open_weights(path, "eva")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "holds a list, expected tensors by name"),
        ({"epoch": 1, "lr": 0.1}, "holds a dict of 'epoch', 'lr', expected tensors by name"),
        ({"w": torch.zeros(2), "step": 3}, r"beside tensors it holds 'step' \(an int, 3\)"),
        ({"w": torch.eye(2).to_sparse()}, "'w' is a tensor of .*sparse.*, which is no plain array"),
        ({"w": torch.zeros(2, device="meta")}, "'w' is a tensor of .*, which is no plain array"),
        (torch.nn.Linear(2, 2), "does not read with weights_only=True .* not the model"),
    ],
    ids=["list", "numbers", "mixed", "sparse", "meta", "module"],
)
def test_what_is_no_state_dict_is_refused(tmp_path: Path, content: Any, message: str) -> None:
    SAVE(content, tmp_path / "w.pt")
    with pytest.raises(GraphError, match=message) as caught:
        read_weights(tmp_path / "w.pt")
    assert str(caught.value).startswith(str(tmp_path / "w.pt"))


def test_a_damaged_archive_is_refused_and_one_without_checksums_read(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    SAVE(STATE, path)
    data = bytearray(path.read_bytes())
    place = data.find(STATE["0.weight"].numpy().tobytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(GraphError, match="does not match its checksum; the file is damaged"):
        read_weights(path)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(GraphError, match="weights_only=True|not intact"):
        read_weights(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w/data.pkl", bytes(1000))
    with pytest.raises(GraphError, match="is compressed, as torch.save never writes"):
        read_weights(path)
    before = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(False)
    try:
        SAVE(STATE, path)
    finally:
        torch.serialization.set_crc32_options(before)
    assert same(read_weights(path)["0.weight"], STATE["0.weight"])


def test_without_torch_the_message_says_what_to_do(tmp_path: Path) -> None:
    SAVE(STATE, tmp_path / "w.pt")
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from graphgen import GraphError\nfrom graphgen.files import read_weights\n"
        "try: read_weights(sys.argv[1])\nexcept GraphError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "w.pt")], capture_output=True, text=True
    )
    assert "which is not installed; install torch, or write a .safetensors" in done.stdout


ARRAYS = {"a.weight": np.arange(6.0).reshape(2, 3), "a.bias": np.ones(2), "b": np.arange(3)}
SHARDS = {"a.weight": 1, "a.bias": 2, "b": 1}


def sharded(folder: Path, format: str = "safetensors", **changes: str | None) -> Path:
    """Write three arrays to two shards and an index, some of them listed otherwise."""
    stem = "pytorch_model" if format == "bin" else "model"
    names = {n: f"{stem}-0000{n}-of-00002.{format}" for n in (1, 2)}
    for number, name in names.items():
        part = {n: array for n, array in ARRAYS.items() if SHARDS[n] == number}
        if format == "bin":
            SAVE({n: torch.from_numpy(array) for n, array in part.items()}, folder / name)
        else:
            write_weights(folder / name, part)
    listed = {**{n: names[number] for n, number in SHARDS.items()}, **changes}
    index = folder / f"{stem}.{format}.index.json"
    weight_map = {name: file for name, file in listed.items() if file is not None}
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    return index


@pytest.mark.parametrize("format", ["safetensors", "bin"])
def test_shards_are_read_by_their_index_and_by_their_folder(tmp_path: Path, format: str) -> None:
    index = sharded(tmp_path, format)
    (tmp_path / "config.json").write_text("{}")
    for source in (index, tmp_path, str(tmp_path)):
        found = read_weights(source)
        assert {n: a.tobytes() for n, a in found.items()} == {
            n: a.tobytes() for n, a in ARRAYS.items()
        }
    assert not found["a.weight"].flags.owndata


def test_shards_that_are_not_as_listed_are_refused(tmp_path: Path) -> None:
    first, second = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    index = sharded(tmp_path, b=second, c=first, **{"a.weight": None})
    with pytest.raises(GraphError) as caught:
        read_weights(index)
    assert str(caught.value).split("\n")[1:] == [
        f"  b: not in {second}",
        f"  c: not in {first}",
        f"  a.weight: in {first}, unlisted",
        f"  b: in {first}, listed in {second}",
    ]
    (tmp_path / second).unlink()
    with pytest.raises(GraphError, match=f"not there: {second}; expected all of them beside it"):
        read_weights(index)
    with pytest.raises(GraphError, match=f"not there: {second}"):
        read_weights(tmp_path)
    index.unlink()
    with pytest.raises(GraphError, match=r"holds shards .* but no index"):
        read_weights(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}', "'a' is there twice"),
        ('{"weight_map": {}}', "expected tensors and their files"),
        ('{"metadata": {}}', "it has None as `weight_map`"),
        ("{", "cannot be parsed"),
        ('{"weight_map": {"a": 3}}', "it says 3 of 'a'; expected the name of a file"),
        ('{"weight_map": {"a": "../x.safetensors"}}', "a file in its own folder"),
        ('{"weight_map": {"a": "/etc/passwd"}}', "a file in its own folder"),
        ('{"weight_map": {"a": "model.safetensors.index.json"}}', "is text, where an index"),
        ("[" * 100_000, "the file is text"),
        ('{"weight_map":' * 50_000, "cannot be parsed"),
    ],
)
def test_what_is_no_index_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "model.safetensors.index.json"
    path.write_text(text)
    with pytest.raises(GraphError, match=message) as caught:
        read_weights(path)
    assert str(caught.value).startswith(str(tmp_path))


def test_of_several_files_the_usual_one_is_taken(tmp_path: Path) -> None:
    def write(name: str, value: int) -> None:
        if name.endswith("safetensors") or name.endswith("npz"):
            write_weights(tmp_path / name, {"w": np.array(value)})
        else:
            SAVE({"w": torch.tensor(value)}, tmp_path / name)

    order = ["w.npz", "mine.pt", "pytorch_model.bin", "other.safetensors", "model.safetensors"]
    for value, name in enumerate(order):
        write(name, value)
        assert read_weights(tmp_path)["w"] == value
    (tmp_path / "model.safetensors").rename(tmp_path / "third.safetensors")
    with pytest.raises(GraphError, match=r"name the one .*: other\.safetensors, third\.safete"):
        read_weights(tmp_path)
