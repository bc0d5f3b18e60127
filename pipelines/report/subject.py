"""What an experiment is about, by its settings: the task, and its target in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.tasks.names import DEFAULT, NAMES
from pipelines.tasks.targets import LOGARITHM, split_name


def task_name(settings: Mapping[str, Any]) -> str:
    """Name the task of an experiment's settings, or of their section `train`."""
    named = (section.get("task") for section in _sections(settings))
    return next((n for n in named if isinstance(n, str) and n in NAMES), DEFAULT)


def target_words(settings: Mapping[str, Any]) -> str:
    """Say in words what is predicted, or which edit is done."""
    named = (s.get("target") or s.get("edit") for s in _sections(settings))
    target = next((name for name in named if name and isinstance(name, str | list)), None)
    names = target if isinstance(target, list) else [target or "test_accuracy"]
    return " and ".join(_words(str(name)) for name in names)


def _words(name: str) -> str:
    scale = LOGARITHM if name.startswith(LOGARITHM) else ""
    return scale + split_name(name.removeprefix(LOGARITHM))[1].replace("_", " ")


def _sections(settings: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield settings
    yield from (value for value in settings.values() if isinstance(value, Mapping))
