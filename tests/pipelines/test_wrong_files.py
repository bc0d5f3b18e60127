"""Commands say which of their files is of the wrong kind, and what it is."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import spec
from graphgen.files import write_weights
from graphgen.testing import random_weights
from pipelines.cli import main

TEXT = """
inputs: {x: [3]}
layers: [{linear: {out_features: 4}}, relu, {linear: {out_features: 2}}]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(TEXT)
    weights = random_weights(spec.loads(TEXT), np.random.default_rng(0))
    write_weights("good.npz", weights)
    write_weights("renamed.npz", weights)
    Path("renamed.npz").rename("good.bin")
    write_weights("nan.npz", {**weights, "2.bias": np.array([1, np.nan])})
    write_weights("other.npz", {**weights, "2.bias": np.zeros(3)})
    Path("mine.pt").write_bytes(pickle.dumps({"w": 1}, protocol=4))
    return tmp_path


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("match net.yaml good.npz nan.npz --out o.npz", "nan.npz: .*2.bias: 1 values are NaN"),
        ("match net.yaml nan.npz good.npz --out o.npz", "nan.npz: .*2.bias: 1 values are NaN"),
        ("match net.yaml other.npz good.npz --out o.npz", r"other.npz: .*2.bias: shape \[3\]"),
        ("match net.yaml good.npz mine.pt --out o.npz", "mine.pt: the file is a pickle"),
        ("match net.yaml net.yaml good.npz --out o.npz", "net.yaml: the file is text"),
        ("check mine.pt", "mine.pt: is a pickle, expected an architecture in YAML"),
        ("check good.npz", "good.npz: is an .npz archive, expected an architecture in YAML"),
        ("check net.yaml mine.pt", "mine.pt: the file is a pickle"),
        ("symmetries mine.pt", "mine.pt: is a pickle, expected an architecture in YAML"),
    ],
)
def test_wrong_files_are_named(
    command: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(command.split())
    error = " ".join(capsys.readouterr().err.split())
    assert caught.value.code == 2
    assert "Traceback" not in error
    assert "U+" not in error
    assert re.search(message, error), error
    assert not Path("o.npz").exists()


def test_control_right_files_are_taken() -> None:
    for command in ("check net.yaml good.bin", "match net.yaml good.npz good.bin --out o.npz"):
        main(command.split())
    assert Path("o.npz").exists()
