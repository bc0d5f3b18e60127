"""Rows that are kept from an earlier comparison: which, how they are marked, and when not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pair_toys import about, finished, pair, predictions, task, write

from pipelines.cli import main
from pipelines.errors import PipelineError
from pipelines.pairs import compare_pairs

OWN = task(pair("good", "bad"), scores=["tau", "mae", "loss"], better="lower")


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """Compare once, and leave the comparison without the results."""
    columns = [
        {**{k: v for k, v in row.items() if k not in ("true", "predicted")}, "tau": 1 - row["loss"]}
        for row in predictions()
    ]
    finished(tmp_path / "results", [{**row, "mae": row["loss"]} for row in columns])
    compare_pairs(write(tmp_path, OWN), tmp_path / "first")
    shutil.rmtree(tmp_path / "results")
    return tmp_path / "first/pairs.json"


def test_rows_of_tasks_without_results_are_kept(known: Path, tmp_path: Path) -> None:
    finished(tmp_path / "elsewhere", predictions())
    other = task(pair("good", "bad"), title="another", results="elsewhere", scores=["r2"])
    file = write(tmp_path, OWN, other)
    rows, missing = compare_pairs(file, tmp_path / "out", known=known)
    assert [(row.title, row.kept) for row in rows] == [("made-up networks", True)] * 3 + [
        ("another", False)
    ]
    assert not missing
    assert [row for row in json.loads(known.read_text())["rows"] if row["kept"]] == []
    before = json.loads(known.read_text())["rows"]
    after = json.loads((tmp_path / "out/pairs.json").read_text())["rows"]
    assert [{**row, "kept": False} for row in after[:3]] == before
    assert set(about(tmp_path / "out")["results"]) == {"elsewhere"}
    text = (tmp_path / "out/table.md").read_text()
    assert text.count("made-up networks † |") == 3
    assert "another † |" not in text
    assert "† kept from an earlier comparison" in text
    assert "15 / ?" in text  # costs too
    assert "†" not in (tmp_path / "first/table.md").read_text()
    without = compare_pairs(file, tmp_path / "without")
    assert ([row.title for row in without[0]], len(without[1])) == (["another"], 1)
    again, _ = compare_pairs(file, tmp_path / "out", True, known=tmp_path / "out/pairs.json")
    assert again == rows


def test_what_is_at_hand_is_measured(known: Path, tmp_path: Path) -> None:
    finished(tmp_path / "results", predictions())
    own = {**OWN, "scores": ["tau"], "pairs": [pair("good", "bad"), pair("good", "none")]}
    del own["better"]
    rows, missing = compare_pairs(write(tmp_path, own), tmp_path / "out", known=known)
    assert [(row.kept, row.score) for row in rows] == [(False, "tau")]
    assert len(missing) == 1


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, ["tau", "mae", "loss"]),
        ({"pairs": [{**pair("good", "bad"), "both_see": "weights"}]}, ["tau", "mae", "loss"]),
        ({"results": "moved"}, ["tau", "mae", "loss"]),
        ({"split": "wider"}, []),
        ({"better": "higher"}, ["tau", "mae"]),
        ({"scale": "difference"}, ["tau", "loss"]),
        ({"scale": "geometric"}, []),
        ({"pairs": [pair("bad", "good")]}, []),
        ({"title": "another"}, []),
    ],
)
def test_only_what_is_asked_is_kept(
    changes: dict[str, Any], kept: list[str], known: Path, tmp_path: Path
) -> None:
    finished(tmp_path / "sound", predictions())
    sound = task(pair("good", "same"), title="sound", scores=["tau"], results="sound")
    file = write(tmp_path, {**OWN, **changes}, sound)
    rows, missing = compare_pairs(file, tmp_path / "out", known=known)
    assert [row.score for row in rows if row.kept] == kept
    assert {row.both_see for row in rows if row.kept} <= {"", "weights"}
    assert all("no results in" in one.why for one in missing)
    by_other = [one.why for one in missing if "another split, better or scale" in one.why]
    if {"split", "better", "scale"} & changes.keys():
        assert len(by_other) == 3 - len(kept)
    else:
        assert by_other == []


def test_older_files_have_less(known: Path, tmp_path: Path) -> None:
    found = json.loads(known.read_text())
    for row in found["rows"]:
        for name in ("split", "better", "scale", "costs", "kept"):
            del row[name]
    old = tmp_path / "old.json"
    old.write_text(json.dumps(found))
    new, _ = compare_pairs(write(tmp_path, OWN), tmp_path / "new", known=known)
    rows, _ = compare_pairs(write(tmp_path, OWN), tmp_path / "out", known=old)
    assert rows == [replace(row, costs=({}, {})) for row in new]


@pytest.mark.parametrize(
    "change",
    [
        {"low": "0.1"},
        {"means": [1.0]},
        {"ratio": True, "gain": 1e4},
        {"low": 1.0, "high": 0.0},
        {"seeds": [0, 1]},
        {"networks": 2.5},
        {"costs": [{"training": "long"}, {}]},
    ],
)
def test_other_files_are_refused(change: dict[str, Any], known: Path, tmp_path: Path) -> None:
    found = json.loads(known.read_text())
    found["rows"][0] |= change
    (tmp_path / "other.json").write_text(json.dumps(found))
    file = write(tmp_path, OWN)
    for name in ("other.json", "none.json"):
        with pytest.raises(PipelineError, match=rf"{name}: .*earlier"):
            compare_pairs(file, tmp_path / "out", known=tmp_path / name)
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_is_kept(
    known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, OWN)
    main(["compare", "tasks.yaml", "--out", "out", "--known", "first/pairs.json"])
    said = capsys.readouterr().out
    assert said.count("made-up networks †") == 3
    assert said.endswith("its results are not at hand\n")
