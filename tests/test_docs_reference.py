"""The reference shows every public name, and the pictures in git are those of their networks."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"


def extension(name: str) -> ModuleType:
    """Load an extension of the pages' builder."""
    path = ROOT / "docs" / "extensions" / f"{name}.py"
    found = importlib.util.spec_from_file_location(f"docs_{name}", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


COMPLETE = extension("complete")
SHOWN = sorted(COMPLETE.shown_packages(REFERENCE))


def described(package: str) -> set[str]:
    """Give the names of a package that autodoc describes: those with a docstring."""
    module = importlib.import_module(package)
    names = (name for name in module.__all__ if inspect.getdoc(getattr(module, name)))
    return {f"{package}.{name}" for name in names}


def test_every_public_package_is_shown_or_elsewhere() -> None:
    public = set(COMPLETE.public_packages(ROOT))
    assert public == {*SHOWN, *COMPLETE.ELSEWHERE}
    assert not set(SHOWN) & COMPLETE.ELSEWHERE.keys()
    assert {"spec", "graphgen", "metanet", "pipelines"} <= set(SHOWN)


@pytest.mark.parametrize("package", SHOWN)
def test_every_public_name_is_described(package: str) -> None:
    assert COMPLETE.missing([package], described(package)) == []


def test_a_name_that_is_on_no_page_is_found() -> None:
    names = described("graphgen") - {"graphgen.compile"}
    assert COMPLETE.missing(["graphgen"], names) == ["graphgen.compile"]


def test_names_elsewhere_are_those_of_packages_that_are_shown() -> None:
    """What has no page because its package has the names is in the reference all the same."""
    for package, reason in COMPLETE.ELSEWHERE.items():
        if reason.endswith("has its names"):
            owner = importlib.import_module(reason.split()[0])
            names = set(importlib.import_module(package).__all__)
            assert names & set(owner.__all__), package


def test_the_picture_of_the_readme_is_that_of_its_network() -> None:
    gallery = extension("gallery")
    drawn = gallery.picture(gallery.described(ROOT / "README.md"))
    assert gallery.README.read_text(encoding="utf-8") == drawn, (
        "`python docs/extensions/gallery.py` draws it anew"
    )
    other = gallery.picture(gallery.described(ROOT / "docs/tutorials/quick_start.md"))
    assert other != drawn


def test_examples_in_a_help_are_blocks_of_code() -> None:
    lines = ["Show it.", "", "| Example:", "|     gmn check net.yaml", "", "More."]
    assert extension("examples").blocks(lines) == [
        "Show it.", "", ".. rubric:: Examples", "", ".. code-block:: sh", "",
        "    gmn check net.yaml", "", "More.",
    ]  # fmt: skip
    assert extension("examples").blocks(["An example:", "    x"]) == ["An example:", "    x"]
