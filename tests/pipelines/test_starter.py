"""`gmn new` and `gmn doctor`: from nothing to an experiment that runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipelines.cli import SECTIONS, gmn, main
from pipelines.doctor import FOLDERS, Finding, data_sets, examine, library
from pipelines.errors import PipelineError
from pipelines.starter import start_experiment


def dvc(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def smaller(folder: Path) -> None:
    """Make an experiment as small as it can be."""
    settings = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    settings["zoo"]["count"] = 24
    settings["zoo"]["training"]["epochs"] = 1
    settings["train"]["seeds"] = [0]
    for model in settings["train"]["models"].values():
        if "training" in model:
            model["training"]["epochs"] = 1
    (folder / "params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def test_a_new_experiment_runs_outside_of_any_repository(tmp_path: Path) -> None:
    folder = start_experiment(tmp_path / "demo")
    smaller(folder)
    dvc(folder, "repro")
    report = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "gmn_views" in report
    metrics = json.loads((folder / "out" / "results" / "metrics.json").read_text(encoding="utf-8"))
    assert {"gmn", "gmn_views", "trees_views"} <= set(metrics)
    assert "up to date" in dvc(folder, "status")


def test_a_new_experiment_is_a_dvc_project_within_a_git_repository(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    folder = start_experiment(tmp_path / "demo")
    assert "no_scm" not in (folder / ".dvc" / "config").read_text(encoding="utf-8")
    assert "zoo" in dvc(folder, "stage", "list")


def test_what_a_new_experiment_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "demo").mkdir()
    main(["new", str(tmp_path / "demo")])
    assert "dvc repro" in capsys.readouterr().out
    found = {str(p.relative_to(tmp_path / "demo")) for p in (tmp_path / "demo").rglob("*.*")}
    assert {"params.yaml", "dvc.yaml", "README.md", "nets/mlp.yaml", "nets/cnn.yaml"} <= found
    assert [p.name for p in tmp_path.iterdir()] == ["demo"]


def test_nothing_of_the_users_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name, message in (
        ("mine", "holds other things"),
        ("file", "is a file"),
        ("a/b", "not an existing folder"),
    ):
        with pytest.raises(PipelineError, match=message):
            start_experiment(tmp_path / name)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "mine", "notes.txt"]


def test_help_lists_every_command_once() -> None:
    listed = [each.name for commands in SECTIONS.values() for each in commands]
    assert sorted(listed) == sorted(gmn.commands)
    assert len(listed) == len(set(listed))


def test_the_doctor_finds_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["numpy"]["found"][0].isdigit()
    assert found["torch"]["found"].startswith("2.")
    assert len(found) == len(examine())
    main(["doctor"])
    assert "processors" in capsys.readouterr().out


def test_the_doctor_says_how_to_get_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.doctor.is_installed", lambda name: False)
    assert library("torch") == Finding(
        "torch", "not installed", 'pip install "graph-metanetworks[pipelines]"'
    )
    assert "onnx" in library("onnx").advice


def test_the_doctor_finds_data_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FOLDERS["mnist"]).mkdir()
    monkeypatch.setenv("GMN_DATA", str(tmp_path))
    found = {each.subject: each for each in data_sets()}
    assert found["mnist"].found == str(tmp_path / "mnist")
    monkeypatch.setenv("GMN_DATA", str(tmp_path / "absent"))
    assert "no folder" in data_sets()[0].advice
