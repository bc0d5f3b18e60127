"""The stages of all experiments: they depend on the code that they run, and lose nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from view_stand_ins import stamps

from pipelines.errors import PipelineError
from pipelines.provenance import PACKAGES
from pipelines.stage_code import write_code
from spec.yaml_reader import read_file

ROOT = Path(__file__).parents[2]
ROOTS = [ROOT / "dvc.yaml", ROOT / "experiments" / "dvc.yaml"]
FILES = sorted(
    path
    for path in [ROOT / "dvc.yaml", *ROOT.glob("experiments/**/*/dvc.yaml")]
    if "out" not in path.relative_to(ROOT).parts
)
# Where `git` is told not to look; only results that were published are outside.
MADE = re.compile(r"^(\.\./)*out/")


def stages(file: Path) -> dict[str, Any]:
    return dict(read_file(file).data["stages"])


def command_of(stage: dict[str, Any]) -> str:
    return str(stage["cmd"].split()[1])


def root_of(file: Path) -> Path:
    """Find the folder that DVC takes as the root of a pipeline."""
    return next(folder for folder in file.parents if (folder / ".dvc").is_dir())


def test_all_experiments_are_looked_at() -> None:
    assert len(FILES) == 39
    assert {root_of(file) for file in FILES} == {file.parent for file in ROOTS}


@pytest.mark.parametrize("file", ROOTS, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_each_root_knows_the_code_of_its_commands(file: Path) -> None:
    code = stages(file)["code"]
    own = [one for one in {*FILES, *ROOTS} if root_of(one) == file.parent]
    used = {command_of(stage) for one in own for stage in stages(one).values()} - {"code"}
    assert set(code["cmd"].removesuffix(" --out out/code").split()[2:]) == used
    assert {name for out in code["outs"] for name in out} == {f"out/code/{one}" for one in used}
    packages = {(file.parent / dep).resolve() for dep in code["deps"]}
    assert packages == {ROOT / name for name in PACKAGES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_stages_depend_on_the_code_that_they_run(file: Path) -> None:
    for name, stage in stages(file).items():
        if name != "code":
            deps = {os.path.normpath(file.parent / dep) for dep in stage["deps"]}
            assert str(root_of(file) / "out" / "code" / command_of(stage)) in deps, name


CHANGED = r"""
import pathlib, sys
from pipelines import provenance, stage_code

commands = ("zoo", "compile", "train", "report")
read, known = provenance.read_source.__wrapped__, {}

def read_source(path):
    key = path, path.stat().st_mtime_ns, path.stat().st_size
    return known[key] if key in known else known.setdefault(key, read(path))

provenance.read_source = read_source

def codes():
    provenance.code_of.cache_clear()
    provenance.homes.cache_clear()
    return [stage_code.code_of_command(one) for one in commands]

before = codes()
for name in sys.argv[1:]:
    path, text = pathlib.Path(name), pathlib.Path(name).read_text()
    comment = "# " if path.suffix in (".py", ".yaml") else ""
    path.write_text(text + f"\n{comment}a remark\n")
    remark = codes()
    path.write_text(text + ("\nCHANGED = 1\n" if path.suffix == ".py" else "\n\n"))
    change = codes()
    path.write_text(text)
    said = [[a != b for a, b in zip(before, found)] for found in (remark, change)]
    print(name, *("".join("01"[one] for one in each) for each in said))
assert codes() == before
"""


def test_code_changes_where_a_command_runs_it(tmp_path: Path) -> None:
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    expected = {  # a remark, a change: seen by zoo, compile, train, report?
        "pipelines/zoo/fit.py": "0000 1000",
        "pipelines/views/storing.py": "0000 0100",
        "metanet/models/gmn/__init__.py": "0000 0011",
        "metanet/kernels/source/norm.c": "0011 0011",
        "spec/schema/architecture.schema.json": "1111 1111",
        "pipelines/doctor.py": "0000 0000",
        "graphgen/drawing/serving.py": "0000 0000",
        "graphgen/__init__.py": "0000 0000",
        "graphgen/surgery/prune.py": "0000 0000",
        "graphgen/neurons.py": "0000 0111",
        "graphgen/importers/__init__.py": "0000 0000",
        "pipelines/commands/train.py": "0000 0000",
    }
    run = subprocess.run(
        [sys.executable, "-c", CHANGED, *expected],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split("\n")[:-1] == [f"{name} {seen}" for name, seen in expected.items()]


def test_code_is_written_only_where_it_changed(tmp_path: Path) -> None:
    found = write_code(["card", "meta-train"], tmp_path / "code")
    before = stamps(tmp_path / "code")
    assert {path.name: path.read_text().strip() for path in (tmp_path / "code").iterdir()} == found
    (tmp_path / "code/card").write_text("of before\n")
    assert write_code(["card", "meta-train"], tmp_path / "code") == found
    assert (tmp_path / "code/card").read_text().strip() == found["card"]
    assert stamps(tmp_path / "code").keys() == before.keys()
    with pytest.raises(PipelineError, match="'meta_training' is no command of gmn"):
        write_code(["card", "meta_training"], tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_what_stages_make_is_ignored_by_git_and_stays_whole(file: Path) -> None:
    for name, stage in stages(file).items():
        assert "--replace" in stage["cmd"] or name == "code"
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
