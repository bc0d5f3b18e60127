"""What the pages tell people to run and test_docs.py does not: small, or by its parts."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from page_blocks import blocks

from pipelines.cli import gmn

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "CONTRIBUTING.md", "benchmarks/README.md"]
TARGETS = {"bench", "docs", "release", "run", "test", "test-all"}
STAGES = sorted([ROOT / "dvc.yaml", *ROOT.glob("experiments/**/dvc.yaml")])


def mistake(command: str) -> str:
    """Say what is wrong with a line of a shell that calls `gmn`, by its options alone."""
    name, subcommand, *arguments = shlex.split(command)
    if name != "gmn" or subcommand not in gmn.commands:
        return f"no command: {command}"
    found = gmn.commands[subcommand]
    try:
        found.make_parser(click.Context(found, info_name=subcommand)).parse_args(list(arguments))
    except click.UsageError as error:
        return f"{command}: {error.message}"
    return ""


def commands(stages: dict[str, Any]) -> list[str]:
    lines = []
    for stage in stages.values():
        inside = stage.get("do", stage)
        cmd = inside["cmd"]
        lines += cmd if isinstance(cmd, list) else [cmd]
    return lines


@pytest.mark.parametrize("file", STAGES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_stages_are_commands_with_known_options(file: Path) -> None:
    found = commands(yaml.safe_load(file.read_text(encoding="utf-8"))["stages"])
    assert found
    assert [mistake(command) for command in found if mistake(command)] == []


def test_an_unknown_option_of_a_stage_is_found() -> None:
    assert "--outt" in mistake("gmn zoo params.yaml --outt out/zoo")
    assert mistake("gmn zooo params.yaml") == "no command: gmn zooo params.yaml"
    assert mistake("gmn zoo params.yaml --out out/zoo") == ""


def test_every_target_of_make_is_there(tmp_path: Path) -> None:
    text = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.M))
    assert named <= TARGETS
    assert named >= {"run", "test", "test-all"}
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for target in TARGETS:
        subprocess.run(["make", "-n", target], cwd=tmp_path, check=True, capture_output=True)
    unknown = subprocess.run(["make", "-n", "runn"], cwd=tmp_path, capture_output=True, check=False)
    assert unknown.returncode == 2


def test_every_benchmark_is_there() -> None:
    (block,) = blocks(ROOT / "benchmarks/README.md")
    named = re.findall(r"benchmarks/(\w+)\.py", block.text)
    assert len(named) == len(block.text.splitlines()) - 1
    for name in named:
        module = importlib.import_module(name)
        assert Path(str(module.__file__)).parent == ROOT / "benchmarks"
    scripts = (p for p in (ROOT / "benchmarks").glob("*.py") if "__main__" in p.read_text())
    assert set(named) == {p.stem for p in scripts} - {
        "compile_once",
        "scale_once",
        "templates_once",
    }  # started by others


@pytest.mark.long
def test_the_stages_of_the_default_experiment_run(tmp_path: Path) -> None:
    """What `make run` does, once everything is installed, with few networks and epochs."""
    for name in ("spec", "graphgen", "metanet", "pipelines"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    settings = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    settings["zoo"]["count"] = 40
    settings["zoo"]["training"] |= {"epochs": 1}
    settings["train"]["seeds"] = [0, 1, 2]
    for model in settings["train"]["models"].values():
        if "training" in model:
            model["training"]["epochs"] = 1
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    programs = Path(sys.executable).parent
    for command in (
        ["dvc", "init", "--no-scm", "--quiet"],
        ["dvc", "repro"],
        ["gmn", "report", "--show"],
    ):
        done = subprocess.run(
            [programs / command[0], *command[1:]],
            cwd=tmp_path,
            env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    for model in settings["train"]["models"]:
        assert re.search(rf"^{model} .* 3$", done.stdout, re.M)
    assert (tmp_path / "out/report.html").is_file()
