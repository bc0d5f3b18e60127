"""The version is a number of pyproject.toml, and what else names it follows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def test_the_citation_has_the_version() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", text, re.M) == [version()]


def test_the_changelog_begins_with_the_version_or_what_comes_after_it() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\]", text, re.M)
    assert headings[0] in ("Unreleased", version())


def test_no_source_has_a_version_of_its_own() -> None:
    own = re.compile(r"""__version__ = ["']\d""")
    sources = [p for name in ("spec", "graphgen", "metanet", "pipelines")
               for p in (ROOT / name).rglob("*.py")]  # fmt: skip
    assert not [path for path in sources if own.search(path.read_text(encoding="utf-8"))]
    assert own.search('__version__ = "0.1.0"')  # the control
