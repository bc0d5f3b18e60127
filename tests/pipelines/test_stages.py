"""The stages of all experiments: they depend on the code that they run, and lose nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.provenance import imported, source_file
from spec.yaml_reader import read_file

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for path in [ROOT / "dvc.yaml", *ROOT.glob("experiments/**/dvc.yaml")]
    if "out" not in path.relative_to(ROOT).parts
)
# Where `git` is told not to look; only results that were published are outside.
MADE = re.compile(r"^(\.\./)*out/")


def stages(file: Path) -> dict[str, Any]:
    return dict(read_file(file).data["stages"])


def module_of(command: str) -> str:
    name = command.split()[1]
    return f"pipelines.commands.{name.replace('-', '_')}"


def uncovered(file: Path, stage: dict[str, Any]) -> set[Path]:
    """Find the sources that a stage's command runs and that it does not depend on."""
    deps = [(file.parent / dep).resolve() for dep in stage["deps"]]
    sources = {source_file(name).resolve() for name in imported(module_of(stage["cmd"]))}
    return {source for source in sources if not any(source.is_relative_to(dep) for dep in deps)}


def test_all_experiments_are_looked_at() -> None:
    assert len(FILES) == 37


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_stages_depend_on_the_code_that_they_run(file: Path) -> None:
    for name, stage in stages(file).items():
        assert not uncovered(file, stage), name
        # The control: without one of its packages, something is missing.
        for package in ("spec", "graphgen", "pipelines"):
            less = [dep for dep in stage["deps"] if not dep.endswith(package)]
            assert uncovered(file, {**stage, "deps": less}), name


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_what_stages_make_is_ignored_by_git_and_stays_whole(file: Path) -> None:
    for stage in stages(file).values():
        assert "--replace" in stage["cmd"]
        for out in stage["outs"]:
            ((name, options),) = out.items() if isinstance(out, dict) else [(out, {})]
            assert MADE.match(name)
            # DVC would remove it before its command begins.
            assert options.get("persist") or name.endswith("report.html")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_evaluations_are_of_the_settings(file: Path) -> None:
    evaluate = stages(file).get("evaluate")
    if evaluate is not None:
        assert "--params params.yaml" in evaluate["cmd"]
        assert evaluate["params"] == ["train"]
        outs = [name for out in evaluate["outs"] for name in out]
        assert any(name.endswith("/results/results.json") for name in outs)
