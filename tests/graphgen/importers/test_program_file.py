"""Exported programs in files are read, and nothing in them is run."""

from __future__ import annotations

import io
import json
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import graphgen
from graphgen.files import read_weights
from graphgen.importers import ImportRefusalError, read_model
from graphgen.importers.checking import UncheckedError, checked
from graphgen.importers.torch.program_file import check_file
from graphgen.testing import assert_same_function


class Sum(nn.Module):
    """Two inputs by name, one of indices, and two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.linear = nn.Embedding(7, 4), nn.Linear(3, 4)

    def forward(self, ids: Any, x: Any) -> Any:
        a = self.table(ids)
        return a, torch.relu(a + self.linear(x))


def chain() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).eval()


MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[Any, ...], Any]] = {
    "a chain": (chain, (torch.zeros(2, 4),), None),
    "one sample": (chain, (torch.zeros(1, 4),), None),
    "a batch of any size": (chain, (torch.zeros(4, 4),), ({0: torch.export.Dim("n", min=2)},)),
    "two inputs": (
        lambda: Sum().eval(), (torch.zeros(2, 5, dtype=torch.int64), torch.zeros(2, 5, 3)), None),
}  # fmt: skip


def saved(name: str, path: Path) -> nn.Module:
    make, inputs, dynamic = MODELS[name]
    module = make()
    program = torch.export.export(module, inputs, dynamic_shapes=dynamic)
    torch.export.save(program, path)
    return module


@pytest.mark.parametrize("name", MODELS)
def test_a_program_is_the_module_that_was_exported(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    module = saved(name, path)
    imported = read_model(path)
    rng = np.random.default_rng(0)
    inputs = graphgen.testing.random_inputs(imported.net, rng)
    assert assert_same_function(imported.net, imported.weights, module, inputs) < 1e-10
    assert assert_same_function(path, None, module, inputs) < 1e-10
    assert "checked against torch" in checked(imported, path)
    graphgen.compile(path).verify()
    for stored, tensor in module.state_dict().items():
        assert np.array_equal(imported.weights[stored], tensor.numpy())


def test_another_import_is_not_taken_for_the_model(tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    saved("a chain", path)
    imported = read_model(path)
    imported.weights["0.bias"] = imported.weights["0.bias"] + 0.1
    with pytest.raises(graphgen.GraphError, match="nothing is written: output .* differs by"):
        checked(imported, path)
    with pytest.raises(UncheckedError, match="no model in a file"):
        checked(imported, tmp_path)


RAN = "ran_by_a_pickle"


class Evil:
    """What runs code when it is unpickled."""

    def __reduce__(self) -> Any:
        return eval, (f"__import__('sys').modules.setdefault('{RAN}', None)",)


def pickled(value: Any) -> bytes:
    buffer = io.BytesIO()
    save: Callable[..., Any] = torch.save
    save(value, buffer)
    return buffer.getvalue()


def edited(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        form = json.loads(data)
        change(form)
        return json.dumps(form).encode()

    return edit


def first(form: dict[str, Any]) -> Any:
    return form["graph_module"]["graph"]["nodes"][0]


def evil_target(target: str) -> Callable[[bytes], bytes]:
    return edited(lambda form: first(form).update(target=target))


def evil_size(text: str) -> Callable[[bytes], bytes]:
    size = {"as_expr": {"expr_str": text, "hint": None}}
    return edited(lambda form: form["graph_module"]["graph"].update(more=size))


def all_pickled(form: dict[str, Any]) -> None:
    for entry in form["config"].values():
        entry["use_pickle"] = True


MODEL, WEIGHTS, SAMPLES = "models/model.json", "data/weights/model_weights_config.json", (
    "data/sample_inputs/model.pt")  # fmt: skip
EVIL: dict[str, tuple[str, Callable[[bytes], bytes | None], str]] = {
    "objects as inputs": (SAMPLES, lambda data: pickled(((Evil(),), {})), "more than tensors"),
    "a bare pickle": (SAMPLES, lambda data: pickle.dumps(Evil()), "more than tensors"),
    "pickled weights": (WEIGHTS, edited(all_pickled), "has pickled tensors"),
    "a function of torch": (MODEL, evil_target("torch.load"), "'torch.load', which is no operator"),
    "a library": (MODEL, evil_target("torch.ops.load_library"), "which is no operator"),
    "a method": (MODEL, evil_target("_operator.methodcaller"), "which is no operator"),
    "an extension": (MODEL, evil_target("#evil.op"), "which is no operator"),
    "code as a size": (MODEL, evil_size("__import__('os').getpid()"), "as Python"),
    "an attribute": (MODEL, evil_size("s0.__class__"), "as Python"),
    "a huge power": (MODEL, evil_size("9**9**9**9"), "as Python"),
    "a power by name": (MODEL, evil_size("Pow(Integer(9), Integer(999999999))"), "as Python"),
    "no JSON": (MODEL, lambda data: b"{", "cannot be read as an exported program"),
    "deep JSON": (MODEL, lambda data: b"[" * 200_000, "cannot be read as an exported program"),
    "no program": (MODEL, lambda data: None, "holds 0 programs"),
    "an unknown operator": (MODEL, evil_target("torch.ops.aten.nothing.default"), "model.pt2: "),
    "another shape": (
        WEIGHTS,
        edited(lambda f: f["config"]["0.weight"]["tensor_meta"].update(sizes=[{"as_int": 9**18}])),
        "torch.export.load does not read it",
    ),
}  # fmt: skip


def rewritten(path: Path, member: str, change: Callable[[bytes], bytes | None]) -> Path:
    """Write a copy of an archive with one member changed, or left out."""
    result = path.with_name("evil") / path.name
    result.parent.mkdir()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            data: bytes | None = old.read(name)
            if name.endswith(member) and data is not None:
                data = change(data)
            if data is not None:
                new.writestr(name, data)
    return result


@pytest.mark.parametrize("kind", EVIL)
def test_nothing_in_a_file_is_run(kind: str, tmp_path: Path) -> None:
    member, change, words = EVIL[kind]
    saved("a chain", tmp_path / "model.pt2")
    assert RAN not in sys.modules
    with pytest.raises(ImportRefusalError, match=words) as caught:
        read_model(rewritten(tmp_path / "model.pt2", member, change))
    assert "model.pt2" in str(caught.value)
    assert RAN not in sys.modules


def test_control_a_copy_of_an_archive_is_read(tmp_path: Path) -> None:
    saved("a chain", tmp_path / "model.pt2")
    copy = rewritten(tmp_path / "model.pt2", "nothing", lambda data: data)
    assert len(read_model(copy).weights) == 4
    pickle.loads(pickle.dumps(Evil()))
    assert sys.modules.pop(RAN, 5) is None


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    saved("a chain", tmp_path / "model.pt2")
    data = (tmp_path / "model.pt2").read_bytes()
    path = tmp_path / "damaged.pt2"
    rng = np.random.default_rng(0)
    refused = 0
    for i in range(60):
        damaged = bytearray(data[: rng.integers(len(data))] if i % 2 else data)
        if damaged:
            for place in rng.integers(len(damaged), size=3):
                damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            check_file(path)
        except graphgen.GraphError:
            refused += 1
    assert refused > 40
    for damaged in (b"", b"PK", data[:-40], data[: len(data) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(graphgen.GraphError, match="damaged.pt2: "):
            read_model(path)


def test_weights_are_not_read_from_a_program_by_their_reader(tmp_path: Path) -> None:
    saved("a chain", tmp_path / "model.pt2")
    with pytest.raises(graphgen.GraphError, match="model.pt2"):
        read_weights(tmp_path / "model.pt2")
