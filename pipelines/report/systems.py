"""The settings of each system that a report shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.files import read_document
from pipelines.runs.collection import RESULT

SETTINGS = "settings.json"


def systems(folders: Mapping[str, Path], section: Any, searches: Path) -> dict[str, Any]:
    """Give the settings of each system: asked for, found by a search, and those of its first run.

    `folders` are those of runs by name, `section` the settings of training, and `searches` the
    folder of what searches found.
    """
    asked = section.get("models") if isinstance(section, dict) else None
    found: dict[str, Any] = {}
    for run, folder in folders.items():
        label = run.rpartition("-seed")[0]
        if label in found:
            continue
        sealed = read_document(folder / SETTINGS, RESULT)
        own = {
            "asked for": asked.get(sealed["name"]) if isinstance(asked, dict) else None,
            "found by the search": searched(searches, label),
            "metanet": sealed["model"],
            "all settings of the metanet": without_nets(sealed["settings"]),
            "trained on": sealed.get("trained_on"),
            "made with": sealed.get("made_with"),
        }
        found[label] = {key: value for key, value in own.items() if value is not None}
    return found


def searched(searches: Path, label: str) -> Any:
    """Give what a search found for a system; None where there was none."""
    from pipelines.training.search import SEARCH  # which needs torch

    for path in sorted(searches.rglob("*.json")):
        if path.name == f"{label}.json":
            try:
                return read_document(path, SEARCH).get("model")
            except GraphError:
                continue
    return None


def without_nets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give settings without the architectures that are among them, which are long."""
    return {
        key: without_nets(value) if isinstance(value, dict) else value
        for key, value in settings.items()
        if key != "net"
    }
