"""The wheel has what the packages need, and nothing else."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hatchling.build import build_sdist, build_wheel

ROOT = Path(__file__).parents[1]
PACKAGES = ("spec", "graphgen", "metanet", "pipelines")
NEEDED = {
    "*/py.typed": 4,
    "spec/nets/*.yaml": 20,
    "spec/nets/published/*.yaml": 100,
    "spec/schema/*.json": 1,
    "graphgen/drawing/**/*.css": 1,
    "graphgen/drawing/**/*.html": 1,
    "graphgen/drawing/**/*.js": 20,
    "metanet/kernels/source/*.c": 4,
    "metanet/kernels/source/*.h": 3,
    "pipelines/starter/experiment/*.yaml": 2,
    "pipelines/starter/experiment/gitignore": 1,
}
"""What is no Python and read when the package runs: how many of it there are at least."""


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        sources = build_sdist(str(folder))
        with tarfile.open(folder / sources) as file:
            file.extractall(folder, filter="data")
        # From the sources that are released, as `python -m build` does.
        patch.chdir(folder / sources.removesuffix(".tar.gz"))
        wheel = build_wheel(str(folder))
    with zipfile.ZipFile(folder / wheel) as file:
        return file.namelist()


def in_tree() -> set[str]:
    """List the files of the packages, but for what Python keeps beside them."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    return {p.relative_to(ROOT).as_posix() for p in found if "__pycache__" not in p.parts}


def amiss(names: Iterable[str]) -> set[str]:
    """List what a wheel lacks, and what it has too much."""
    return {name for name in names if ".dist-info/" not in name} ^ in_tree()


def test_the_wheel_has_the_files_of_the_packages(names: list[str]) -> None:
    assert not amiss(names)
    assert amiss(names[1:]) == {names[0]}  # the controls
    assert amiss([*names, "tests/test_wheel.py"]) == {"tests/test_wheel.py"}


@pytest.mark.parametrize("pattern", NEEDED)
def test_what_is_read_when_the_package_runs_is_there(names: list[str], pattern: str) -> None:
    own = [path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern)]
    assert len(own) >= NEEDED[pattern]
    assert set(own) <= set(names)


def test_licence_and_command_are_in_it(names: list[str]) -> None:
    ends = {name.partition(".dist-info/")[2] for name in names}
    assert {"licenses/LICENSE", "entry_points.txt", "METADATA"} <= ends
