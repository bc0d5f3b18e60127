"""`gmn view`: a page or a picture of a network, and nothing of the user's is written over."""

from __future__ import annotations

import base64
import gzip
import json
import re
import signal
import subprocess
import sys
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.files import write_weights
from graphgen.testing import random_weights
from pipelines.cli import main

NET = """\
vars: {width: 3}
inputs: {x: [4]}
layers:
- linear: {out_features: $width}
- relu
- linear: {out_features: 2}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET)
    for seed, name in enumerate("ab"):
        weights = random_weights(spec.loads(NET), np.random.default_rng(seed), np.float32)
        write_weights(tmp_path / f"{name}.safetensors", weights)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run `gmn`: the exit code, stdout and stderr."""
    code = 0
    try:
        main(list(arguments))
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def held(page: str) -> dict[str, Any]:
    """Give the data that a page holds."""
    found = re.search(r'<script id="page-data" type="text/plain">([^<]*)</script>', page)
    assert found
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found[1])))
    return data


def test_a_page_is_written_here_and_never_over_another(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "view", "net.yaml", "a.safetensors")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"net\.html: \d+ kB, 23 parameters in 4 tensors\n", out)
    page = (folder / "net.html").read_text(encoding="utf-8")
    data = held(page)
    assert (data["name"], data["kind"], data["against"]) == ("net", "parameter", None)
    assert all(block["values"] for block in data["blocks"])
    code, out, err = run(capsys, "view", "net.yaml")
    assert (code, out) == (2, "")
    assert "net.html: is there already" in err
    assert (folder / "net.html").read_text(encoding="utf-8") == page
    assert run(capsys, "view", "net.yaml", "--replace")[0] == 0
    without = held((folder / "net.html").read_text(encoding="utf-8"))
    assert not any(block["values"] for block in without["blocks"])


def test_variables_other_graphs_and_others_weights(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "view", "net.yaml", "-o", "wide.html", "--set", "width=5")[0] == 0
    wide = held((folder / "wide.html").read_text(encoding="utf-8"))
    assert wide["counts"]["parameters"] == 5 * 4 + 5 + 2 * 5 + 2
    arguments = ("net.yaml", "a.safetensors", "--against", "b.safetensors", "-o", "both.html")
    assert run(capsys, "view", *arguments)[0] == 0
    both = held((folder / "both.html").read_text(encoding="utf-8"))
    assert both["against"]["name"] == "b"
    assert both["against"]["distance"] <= both["against"]["distance_before"]
    assert run(capsys, "view", "net.yaml", "--kind", "computation", "-o", "all.html")[0] == 0
    shown = held((folder / "all.html").read_text(encoding="utf-8"))
    template = graphgen.template("net.yaml", "computation")
    assert shown["kind"] == "computation"
    assert shown["counts"]["edges"] == template.num_edges


def test_a_picture_and_the_name_of_a_reference_network(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "view", "cnn", "-o", "cnn.svg")[0] == 0
    assert (folder / "cnn.svg").read_text(encoding="utf-8") == graphgen.drawing.svg("cnn")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["net.yaml", "-o", "net.png"], "net.png: expected the name of a page (.html) or"),
        (["net.yaml", "-o", "no/net.html"], "no is not an existing folder"),
        (["net.yaml", "--against", "b.safetensors"], "give WEIGHTS to compare them with"),
        (["net.yaml", "--port", "80"], "--port is that of --serve"),
        (["net.yaml", "--serve", "-o", "net.html"], "--serve writes no file"),
        (["net.yaml", "a.safetensors", "--set", "width=5"], "a.safetensors"),
        (["nett"], "nett"),
    ],
)
def test_mistakes_write_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    before = sorted(folder.iterdir())
    code, out, err = run(capsys, "view", *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert sorted(folder.iterdir()) == before


def test_a_browser_is_opened_only_if_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)  # gives None: there is no browser
    run(capsys, "view", "net.yaml")
    assert opened == []
    code, _, err = run(capsys, "view", "net.yaml", "--replace", "--open")
    assert code == 0
    assert opened == [(folder / "net.html").as_uri()]
    assert f"no browser was found: open {opened[0]} in one" in err


def test_a_page_is_served_until_it_is_stopped(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "pipelines", "view", "net.yaml", "--serve"],
        stdout=subprocess.PIPE,
        text=True,
        # What a shell starts in the background ignores it.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
            assert found
            with urllib.request.urlopen(found[0], timeout=60) as answer:
                data = held(answer.read().decode())
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert data["name"] == "net"
    assert not (folder / "net.html").exists()
