"""What the README shows needs no more than what it has said to install by then."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
EXTRAS = ("export", "metanet", "pipelines")
END = "## How well it does"
MODULES = {"scikit_learn": "sklearn"}
SCRIPT = """\
import sys
sys.path.insert(0, {tests!r})
for name in {missing!r}:
    sys.modules[name] = None
from pathlib import Path
from page_blocks import Runner, blocks

ran, runner = 0, Runner(lambda: "")
for block in blocks(Path({page!r})):
    if {first} <= block.line < {last} and block.kind in ("python", "sh", "yaml"):
        runner.run(block)
        ran += 1
print(ran, "blocks", file=sys.stderr)
"""


def library(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].replace("-", "_").lower()


def libraries(extra: str) -> set[str]:
    """Give the libraries that an extra of the package names."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = data["project"]["optional-dependencies"][extra]
    return {library(line) for line in lines} - {"graph_metanetworks"}


def brought(names: set[str]) -> set[str]:
    """Give libraries with all that they need in turn."""
    found, new = set[str](), set(names)
    while new:
        found |= new
        needs = (line for name in new for line in requirements(name) if "extra ==" not in line)
        new = {library(line) for line in needs} - found
    return found


def requirements(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # of another system
        return []


def line_of(text: str) -> int:
    lines = README.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def run(missing: set[str], last: int, folder: Path) -> subprocess.CompletedProcess[str]:
    script = SCRIPT.format(
        tests=str(ROOT / "tests"),
        missing=sorted(MODULES.get(name, name) for name in missing),
        page=str(README),
        first=line_of("## Describe a network"),
        last=last,
    )
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("installed", "blocks"), [((), 2), (("export",), 3), (("export", "metanet"), 4)]
)
def test_blocks_run_with_what_is_installed_by_then(
    installed: tuple[str, ...], blocks: int, tmp_path: Path
) -> None:
    following = EXTRAS[len(installed)]
    missing = set().union(*map(libraries, EXTRAS[len(installed) :]))
    missing -= brought(set().union(*map(libraries, installed)))
    last = END if following == EXTRAS[-1] else f'".[{following}]"'
    done = run(missing, line_of(last), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == f"{blocks} blocks"


def test_a_block_that_needs_more_is_found(tmp_path: Path) -> None:
    done = run(libraries("metanet"), line_of(END), tmp_path)
    assert done.returncode == 1
    assert "torch" in done.stderr


def test_what_is_installed_is_an_extra() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for page in (README, *(ROOT / "docs").glob("*/*.md")):
        extras = re.findall(
            r"pip install '?\"?(?:\.|graph-metanetworks)\[(\w+)\]", page.read_text()
        )
        assert set(extras) <= data["project"]["optional-dependencies"].keys(), page
    assert line_of('pip install ".[pipelines]"') < line_of('pip install ".[export]"')
