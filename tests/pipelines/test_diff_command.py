"""`gmn diff`: what differs, for people and for programs, and the files that it writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import graphgen
import spec
from graphgen.files import write_weights
from graphgen.testing import random_weights
from pipelines.cli import main

A = """
inputs: {x: [4]}
layers: [{linear: {out_features: 3, name: a}}, relu, {linear: {out_features: 2, name: b}}]
"""
RENAMED = A.replace("name: a", "name: first").replace("name: b", "name: second")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(A)
    Path("renamed.yaml").write_text(RENAMED)
    Path("wider.yaml").write_text(A.replace("3", "5"))
    for name in ("a", "renamed"):
        net = spec.load(f"{name}.yaml")
        write_weights(f"{name}.safetensors", random_weights(net, np.random.default_rng(0)))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = 0
    try:
        main(["diff", *arguments])
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_it_prints_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "a.yaml", "wider.yaml")
    assert code == 0
    assert out.startswith("~ a: linear: out_features 3 -> 5")
    assert run(capsys, "a.yaml", "a.yaml")[1] == "architectures: no difference\n"


def test_the_exit_code_says_so_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "a.yaml", "wider.yaml", "--exit-code")[0] == 1
    assert run(capsys, "a.yaml", "a.yaml", "--exit-code")[0] == 0


def test_names_are_written_and_read_the_other_s_files(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "a.yaml", "renamed.yaml", "--names", "names.yaml")
    assert code == 0, err
    assert "names.yaml: how a.yaml reads the files of renamed.yaml" in out
    Path("mapped.yaml").write_text(A + Path("names.yaml").read_text())
    read = graphgen.Checkpoint.read("mapped.yaml", "renamed.safetensors").weights
    own = graphgen.Checkpoint.read("renamed.yaml", "renamed.safetensors").weights
    assert np.array_equal(read["a.weight"], own["first.weight"])
    code, _, err = run(capsys, "a.yaml", "renamed.yaml", "--names", "names.yaml")
    assert code == 2
    assert "--replace" in err
    code, _, err = run(capsys, "a.yaml", "wider.yaml", "--names", "others.yaml")
    assert code == 2
    assert "there is no map of names of a.yaml and wider.yaml: the graphs differ" in err
    assert not Path("others.yaml").exists()


def test_weights_across_names_as_data_and_as_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    weights = ("--weights-a", "a.safetensors", "--weights-b", "renamed.safetensors")
    code, out, err = run(
        capsys, "a.yaml", "renamed.yaml", *weights, "--page", "both.html", "--json"
    )
    assert code == 0, err
    told = json.loads(out)
    assert told["same_function"]
    assert told["weights"]["counts"] == {"equal": 4}
    assert told["names"]["a.weight"] == ["first.weight"]
    assert told["page"] == "both.html"
    assert "<html" in Path("both.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.yaml", "a.yaml", "--weights-a", "a.safetensors"), "go together"),
        (("a.yaml", "a.yaml", "--structure", "--weights-a", "a.safetensors"), "--structure"),
        (("a.yaml", "a.yaml", "--page", "both.pdf"), "expected the name of a page"),
        (("a.yaml", "a.yaml", "--page", "both.html"), "there are no weights to compare"),
        (("a.yaml", "missing.yaml"), "missing.yaml"),
    ],
)
def test_what_cannot_be_is_refused(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert message in err
    assert not Path("both.html").exists()
