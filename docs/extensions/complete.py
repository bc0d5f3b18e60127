"""The reference has every public name: what a package lists and no page shows is a warning."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGES = ("spec", "graphgen", "metanet", "pipelines")
# Packages with public names that have no page of the reference, and why.
ELSEWHERE = {
    "graphgen.checkpoint": "graphgen has its names",
    "graphgen.comparison": "behind graphgen.testing.assert_same_function",
    "graphgen.differences": "graphgen has its names",
    "graphgen.lower": "steps of graphgen.compile",
    "graphgen.matching": "graphgen has its names",
    "graphgen.symmetry": "graphgen has its names",
    "metanet.models": "metanet has its names",
    "pipelines.views": "steps of the stage that compiles",
    "spec.layers": "the pages of layers have them",
    "spec.parametrizations": "written in YAML; the language's page on tensors has them",
    "spec.primitives": "the page of primitives has them",
}
SHOWN = re.compile(r"^\.\. automodule:: ([\w.]+)$", re.M)
# Names of data have no docstring of their own, and are shown by the comment where they are made.
DATA = (str, int, float, tuple, Mapping)


def public_packages(root: Path) -> Iterator[str]:
    """List the packages that say by `__all__` what is public in them."""
    for package in PACKAGES:
        for file in sorted((root / package).glob("*/__init__.py")):
            if "__all__" in file.read_text(encoding="utf-8"):
                yield f"{package}.{file.parent.name}"
        yield package


def shown_packages(folder: Path) -> set[str]:
    """List the packages that the pages of a folder show."""
    pages = (path.read_text(encoding="utf-8") for path in folder.glob("*.md"))
    return {name for page in pages for name in SHOWN.findall(page)}


def names_of(module: ModuleType) -> Iterator[str]:
    """List the public names of a package that are functions, classes or modules."""
    for name in module.__all__:
        value = getattr(module, name)
        if callable(value) or not isinstance(value, (*DATA, ModuleType)):
            yield name


def missing(packages: Iterable[str], objects: Iterable[str]) -> list[str]:
    """List public names of packages that are not among `objects`, what the pages describe.

    What several packages have is described once, under the name of any.
    """
    described = set(objects)
    return [
        f"{package}.{name}"
        for package in sorted(packages)
        for module in [importlib.import_module(package)]
        for name in names_of(module)
        if described.isdisjoint({f"{package}.{name}", home(getattr(module, name))})
    ]


def home(value: object) -> str:
    """Say where an object was made: Sphinx calls it so, too."""
    return ".".join(str(getattr(value, part, "")) for part in ("__module__", "__qualname__"))


def load(app: Any) -> None:
    """Import what packages import lazily, so that autodoc sees it."""
    for package in shown_packages(Path(app.srcdir) / "reference"):
        module = importlib.import_module(package)
        for name in module.__all__:
            vars(module)[name] = getattr(module, name)


def check(app: Any, env: Any) -> None:
    """Warn of every public name that no page describes."""
    from sphinx.util import logging

    objects = env.domains.python_domain.objects
    for name in missing(shown_packages(Path(app.srcdir) / "reference"), objects):
        logging.getLogger(__name__).warning("%s is public, and on no page of the reference", name)


def setup(app: Any) -> dict[str, bool]:
    """Load names before pages are read, and look whether they are there afterwards."""
    app.connect("builder-inited", load)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
