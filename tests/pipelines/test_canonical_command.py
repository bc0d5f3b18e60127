"""`gmn canonical`: one hash for copies, another for others, and the form as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.files import read_weights, write_weights
from graphgen.testing import random_weights
from pipelines.cli import main

NET = "inputs: {x: [4]}\nlayers: [{linear: {out_features: 6}}, tanh, {linear: {out_features: 2}}]\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A network, a copy of it in another order and with other signs, and one that is no copy."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    net, rng = spec.load("net.yaml"), np.random.default_rng(0)
    own = random_weights(net, rng)
    copy = own
    for family in graphgen.symmetry_families(net):
        copy = family.sample(rng).apply(copy)
    other = {**own, "0.weight": own["0.weight"] + 0.05 * rng.standard_normal((6, 4))}
    for name, weights in {"own": own, "copy": copy, "other": other}.items():
        write_weights(tmp_path / f"{name}.safetensors", weights)
    assert not np.allclose(own["0.weight"], copy["0.weight"])
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    main(["canonical", *arguments, "--json"])
    return json.loads(capsys.readouterr().out)


def test_copies_have_one_hash_and_others_another(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [f"{name}.safetensors" for name in ("own", "copy", "other")]
    networks = printed(capsys, "net.yaml", *files)["networks"]
    assert [row["file"] for row in networks] == files
    own, copy, other = (row["hash"] for row in networks)
    assert own == copy != other
    assert own == graphgen.canonical("net.yaml", files[0]).hash


def test_the_form_is_a_network_of_the_same_function_and_hash(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = printed(capsys, "net.yaml", "copy.safetensors", "--out", "form.safetensors")
    again = printed(capsys, "net.yaml", "form.safetensors")
    assert made["out"] == "form.safetensors"
    assert made["networks"][0]["hash"] == again["networks"][0]["hash"]
    x = np.random.default_rng(1).standard_normal((5, 4))
    ours, theirs = (
        graphgen.evaluate("net.yaml", read_weights(here / f"{name}.safetensors"), x)
        for name in ("own", "form")
    )
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-12)


def test_mistakes_are_told_before_anything_is_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = ("own.safetensors", "copy.safetensors")
    for arguments, words in (
        ((*two, "--out", "form.safetensors"), "--out is for one network, got 2"),
        (("own.safetensors", "--out", "other.safetensors"), "other.safetensors"),
        ((), "needs WEIGHTS"),
    ):
        before = (here / "other.safetensors").read_bytes()
        with pytest.raises(SystemExit) as caught:
            main(["canonical", "net.yaml", *arguments])
        assert caught.value.code == 2
        assert words in capsys.readouterr().err
        assert (here / "other.safetensors").read_bytes() == before
        assert not (here / "form.safetensors").exists()


def test_what_is_not_decided_has_no_hash_and_says_why(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = {name: 0 * w for name, w in read_weights(here / "own.safetensors").items()}
    write_weights(here / "dead.safetensors", dead)
    form = graphgen.canonical("net.yaml", dead)
    (row,) = printed(capsys, "net.yaml", "dead.safetensors")["networks"]
    assert row["undecided"] == list(form.undecided)
    assert (row["hash"] is None) == bool(form.undecided)
