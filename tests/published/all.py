"""All published networks: those of each module of `published.references`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from published.network import Published

MODULES = sorted(path.stem for path in (Path(__file__).parent / "references").glob("[a-z]*.py"))
PUBLISHED: dict[str, Published] = {
    published.title: published
    for module in MODULES
    for published in import_module(f"published.references.{module}").NETWORKS
}
"""By title, in the order of the table."""
