"""The page of messages: each is what a command says, with its exit code; and that of exit codes."""

from __future__ import annotations

import doctest
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from page_blocks import Runner, blocks

import pipelines.extras
import spec
from graphgen.files import write_weights
from graphgen.files.lock import exclusive
from graphgen.testing import random_weights
from pipelines.cli import main
from pipelines.commands import exits
from tests.pipelines.test_examples import schema

REFERENCE = Path(__file__).parent.parent / "docs/reference"
ROW = re.compile(r"\| `(?P<typed>gmn [^`]+)` \| `(?P<message>[^`]+)` \| (?P<code>\d+) \| .+ \|")
NET = """\
vars: {width: 3}
inputs: {x: [4]}
layers:
  - linear: {out_features: $width}
  - relu
  - linear: {out_features: 2}
"""
IMAGE = "inputs: {image: [1, 8, 8]}\nlayers: [flatten, {linear: {out_features: 10}}]\n"
ZOO = """\
dataset: digits
count: 1
architectures: [{family: a, file: net.yaml}]
training: {learning_rate: 0.1, epochs: 1}
"""


def rows() -> list[tuple[str, str, int]]:
    text = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    found = ROW.finditer(text)
    return [(row["typed"], row["message"], int(row["code"])) for row in found]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "net.yaml": NET,
        "typo.yaml": NET.replace("relu", "rleu"),
        "broken.yaml": "layers: [",
        "params.yaml": "zoo:\n  dataset: digits\n  coutn: 3\n",
        "zoo.yaml": ZOO.replace("net.yaml", "image.yaml"),
        "image.yaml": IMAGE,
        "text.safetensors": "hello",
    }.items():
        (tmp_path / name).write_text(text)
    for name in ("folder", "busy"):
        (tmp_path / name).mkdir()
    (tmp_path / "folder/notes.txt").write_text("mine")
    rng = np.random.default_rng(0)
    for name, width in {"weights": 3, "a": 3, "b": 3, "wide": 5, "nan": 3}.items():
        weights = random_weights(spec.load("net.yaml", width=width), rng, np.float32)
        if name == "nan":
            weights["0.bias"][0] = np.nan
        write_weights(tmp_path / f"{name}.safetensors", weights)
    np.save("x.npy", np.ones((2, 4), np.float32))
    np.save("y.npy", np.ones((2, 2), np.float32))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], line: str) -> tuple[str, int, str]:
    """Run a command that fails: its message, its exit code, and what it printed."""
    with pytest.raises(SystemExit) as stop:
        main(line.split()[1:])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return captured.err.partition("Error: ")[2].strip(), int(stop.value.code or 0), captured.out


def matches(message: str, pattern: str) -> bool:
    return doctest.OutputChecker().check_output(
        f"{pattern}\n", f"{message}\n", doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )


@pytest.mark.parametrize(("typed", "message", "code"), rows(), ids=lambda value: str(value)[:60])
def test_a_message_is_what_the_command_says(
    typed: str,
    message: str,
    code: int,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if typed.endswith("missing"):
        there = pipelines.extras.is_installed
        monkeypatch.setattr(
            pipelines.extras, "is_installed", lambda name: name != "torch" and there(name)
        )
    with exclusive(folder / "busy"):
        found = said(capsys, f"{typed} --json")
    assert found[1] == code
    assert matches(found[0], message), found[0]
    document = exactly_one(found[2])
    Draft202012Validator(schema("error")).validate(document)
    assert document["error"]["exit_code"] == code


def exactly_one(text: str) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(text)
    return found


def test_the_table_is_read_whole() -> None:
    text = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    assert len(rows()) == text.count("\n| `gmn ") == 30
    assert {code for *_, code in rows()} == {2, 3, 4}


def test_another_message_is_not_taken_for_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message, *_ = said(capsys, "gmn check nte.yaml")
    assert not matches(message, "nte.yaml: cannot read the file: No such file or directory")


def test_the_answer_no_is_a_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = "gmn check net.yaml weights.safetensors --inputs x.npy --outputs y.npy --json"
    _, code, out = said(capsys, line)
    document = exactly_one(out)
    Draft202012Validator(schema("check")).validate(document)
    assert code == exits.NO
    assert "compared" in document


def test_the_page_of_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = REFERENCE / "command_line.md"
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", page.read_text("utf-8"), re.M)}
    assert told == {0, *(v for v in vars(exits).values() if isinstance(v, int))}
    (folder / "empty").mkdir()
    runner, done = Runner(lambda: capsys.readouterr().out, True), Counter[str]()
    for block in blocks(page):
        runner.run(block)
        done[block.kind] += 1
    assert done == {"yaml": 1, "sh": 1, "text": 1}
