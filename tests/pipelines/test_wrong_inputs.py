"""Every command with every wrong kind of path: one message that names it, exit 2, and no file."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from graphgen import GraphSet
from graphgen.files import write_weights
from pipelines.cli import gmn, main
from pipelines.commands.inputs import WEIGHTS as WEIGHTS_INPUT
from pipelines.commands.inputs import Input
from spec import loads

NET = "inputs: {x: [4]}\nlayers: [{linear: {out_features: 3}}, relu, {linear: {out_features: 2}}]\n"
SHAPES = {"0.weight": (3, 4), "0.bias": (3,), "2.weight": (2, 3), "2.bias": (2,)}
WEIGHTS = {name: np.ones(shape, np.float32) for name, shape in SHAPES.items()}


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("notes.txt", "a note")
    return buffer.getvalue()


def checkpoint() -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save({"0.weight": torch.ones(3, 4)}, buffer)
    return buffer.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "list.yaml": lambda: b"[1, 2, 3]\n",
    "number.yaml": lambda: b"5\n",
    "null.yaml": lambda: b"null\n",
    "broken.yaml": lambda: b"a: [1\n",
    "latin.yaml": lambda: "name: caf\u00e9\n".encode("latin-1"),
    "list.json": lambda: b"[]",
    "binary": lambda: bytes(range(256)) * 4,
    "zip.npz": zipped,
    "mine.pt": checkpoint,
    "mine.pkl": lambda: pickle.dumps({"a": [1, 2]}),
    "net.onnx": lambda: b"\x08\x07\x12\x07pytorch\x1a\x052.0.0:\x10\n\x01x",
    "picture.png": lambda: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(50),
    "array.npy": lambda: b"\x93NUMPY\x01\x00v\x00" + b" " * 118,
    "short.safetensors": lambda: b"\x08\x00\x00\x00\x00\x00\x00\x00{",
    "huge.safetensors": lambda: b"\xff" * 8 + b"{}",
    "archive.gz": lambda: b"\x1f\x8b\x08\x00" + bytes(30),
}
RIGHT = {
    "the YAML file of an architecture, or a model": {"net.yaml"},
    "a file of weights, or a folder that holds it": {"net.npz", "net.safetensors", "exported"},
    "a YAML file of settings": {"params.yaml"},
    "the folder of a zoo": {"zoo"},
    "the folder of a graph set": {"graphs"},
    "the YAML file of an architecture, a model, or a zoo's folder": {"net.yaml", "zoo"},
    "a network, its weights, or the folder of a predictor": {"graphs", "zoo"},
}
"""What of all that is there a path may be, by what it is declared to be; nothing of the rest."""
DEFAULTS = {
    "net": "net.yaml", "source": "net.yaml", "weights": "net.npz", "target": "net.npz",
    "settings": "params.yaml", "params": "params.yaml", "zoo": "zoo", "graphs": "graphs",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(small_zoo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a file or folder of every kind; no test changes it."""
    folder = tmp_path_factory.mktemp("kinds")
    for name, content in FILES.items():
        (folder / name).write_bytes(content())
    (folder / "net.yaml").write_text(NET)
    write_weights(folder / "net.npz", WEIGHTS)
    write_weights(folder / "net.safetensors", WEIGHTS)
    GraphSet.write(folder / "graphs", [(loads(NET), WEIGHTS, {"split": "train"})])
    splits = {"train": 0.5, "validation": 0.5}
    settings = {"compile": {"seed": 0, "splits": splits}, "train": {"seeds": "none"}}
    (folder / "params.yaml").write_text(json.dumps(settings))
    (folder / "zoo").symlink_to(small_zoo)
    (folder / "exported").mkdir()  # as `save_pretrained` does
    write_weights(folder / "exported" / "model.safetensors", WEIGHTS)
    (folder / "folder").mkdir()
    (folder / "link").symlink_to(folder / "nowhere")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    with open(os.path.join(os.fsencode(folder), b"\xff.yaml"), "wb") as file:
        file.write(b"[1]")
    return folder


def inputs_of(command: click.Command) -> list[click.Parameter]:
    """List the paths that a command reads."""
    return [parameter for parameter in command.params if isinstance(parameter.type, Input)]


def arguments(command: click.Command, wrong: click.Parameter, path: str) -> list[str]:
    """Give a command the paths that it asks for, one of them a wrong one."""
    given = [str(command.name)]
    if (command.name, wrong.name) == ("compile", "params"):  # which only a zoo needs
        return [*given, "zoo", "--out", "new.npz", "--params", path]
    for parameter in command.params:
        name = str(parameter.name)
        value = path if parameter is wrong else DEFAULTS.get(name, "folder")
        if isinstance(parameter, click.Argument):
            given.append(value)
        elif parameter is wrong or parameter.required:
            given += [parameter.opts[0], value if parameter is wrong else "new.npz"]
    return given


CASES = [
    (str(command.name), str(parameter.name))
    for command in gmn.commands.values()
    for parameter in inputs_of(command)
    if (command.name, parameter.name) != ("card", "params")  # which is quoted, and not read
]


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_every_wrong_kind_of_path(
    name: str,
    parameter: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    command = gmn.commands[name]
    wrong = next(p for p in command.params if p.name == parameter)
    assert isinstance(wrong.type, Input)
    before = sorted(os.listdir(folder))
    kinds = {*before, "nowhere", "nowhere/it", "net.yaml/it", "a" * 300}
    for kind in sorted(kinds - RIGHT.get(wrong.type.what, set())):
        given = arguments(command, wrong, kind)
        with pytest.raises(SystemExit) as stop:
            main(given)
        err = capsys.readouterr().err
        assert stop.value.code == 2, (given, err)
        assert "Traceback" not in err, (given, err)
        assert err.startswith(("Error: ", "Usage: ")), (given, err)
        assert len(err) < 5000, (given, err)
        assert sorted(os.listdir(folder)) == before, given


def test_control_right_weights_are_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    right = RIGHT[WEIGHTS_INPUT.what]
    assert len(right) == 3
    for weights in sorted(right):
        main(["check", "net.yaml", weights])


def test_all_commands_read_something() -> None:
    tell = {"layers", "code", "completion", "doctor", "new"}  # of what is installed
    assert {name for name, _ in CASES} == set(gmn.commands) - tell
    assert len(CASES) > 30


RECOGNISED = {
    "mine.pt": "a checkpoint of PyTorch",
    "mine.pkl": "pickle",
    "zip.npz": "zip archive",
    "net.onnx": "ONNX",
    "picture.png": "PNG",
    "net.npz": "npz",
    "net.safetensors": "safetensors",
    "archive.gz": "gzip",
}


@pytest.mark.parametrize("kind", RECOGNISED)
@pytest.mark.parametrize("command", ["check", "symmetries", "compile"])
def test_what_is_no_architecture_is_called_what_it_is(
    command: str,
    kind: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    more = ["net.npz"] if command == "compile" else []
    with pytest.raises(SystemExit):
        main([command, kind, *more])
    err = capsys.readouterr().err
    assert kind in err
    assert RECOGNISED[kind] in err
    assert "U+" not in err


def test_swapped_arguments(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for arguments, word in (
        (["check", "net.npz", "net.yaml"], "net.npz"),
        (["check", "net.yaml", "net.yaml"], "net.yaml"),
        (["compile", "net.safetensors", "net.yaml"], "net.safetensors"),
        (["match", "net.npz", "net.yaml", "net.npz", "--out", "new"], "net.npz: is an .npz"),
        (["predict", "net.yaml", "folder", "net.npz"], "folder"),
        (["evaluate", "graphs", "graphs", "--out", "new"], "graphs"),
        (["compile", "graphs", "--out", "new"], "graphs"),
        (["card", "graphs", "--out", "new"], "graphs"),
        (["train", "zoo", "--out", "new"], "zoo"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        err: Any = capsys.readouterr().err
        assert stop.value.code == 2
        assert word in err
        assert not (folder / "new").exists()
