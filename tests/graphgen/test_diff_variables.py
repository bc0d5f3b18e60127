"""Descriptions that differ by their variables alone, and such as differ by more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import graphgen
from pipelines.cli import main

TEXT = """
name: one
vars: {width: 6, kind: relu}
inputs: {x: [4]}
layers:
  - linear: {out_features: $width, name: h}
  - $kind
  - linear: {out_features: 2, name: o}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(TEXT)
    return tmp_path


def variables(text: str) -> list[str]:
    Path("b.yaml").write_text(text)
    found = graphgen.diff("a.yaml", "b.yaml").changes
    told = [str(change) for change in found if change.kind == "variable"]
    assert [change.kind for change in found[: len(told)]] == ["variable"] * len(told)
    return told


def test_variables_come_first(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wider = TEXT.replace("width: 6", "width: 9").replace("name: one", "name: two")
    assert variables(wider) == ["~ width: variable: 6 -> 9"]
    main(["diff", "a.yaml", "b.yaml", "--json"])
    (first, *others) = json.loads(capsys.readouterr().out)["changes"]
    assert first == {"kind": "variable", "name": "width", "what": "6 -> 9", "count": 1}
    assert {row["name"] for row in others} == {"h", "o"}
    main(["diff", "a.yaml", "b.yaml"])
    assert capsys.readouterr().out.startswith("~ width: variable: 6 -> 9\n")
    assert variables(TEXT.replace("6", "9").replace("kind: relu", "kind: gelu")) == [
        "~ width: variable: 6 -> 9",
        "~ kind: variable: relu -> gelu",
    ]


def test_what_differs_by_more_is_not_laid_to_variables(here: Path) -> None:
    assert variables(TEXT) == []
    assert variables(TEXT.replace("width: 6", "width: 9").replace("2,", "3,")) == []
    assert variables(TEXT.replace("width: 6", "size: 9").replace("$width", "$size")) == []
    Path("b.yaml").write_text(TEXT.replace("width: 6", "width: 9"))
    kinds = {change.kind for change in graphgen.diff("mlp", "b.yaml").changes}
    assert "variable" not in kinds
