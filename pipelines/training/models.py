"""What a model of the settings is made of: a metanet, and the views that it is shown."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from metanet import EDITORS, METANETS, Viewed
from pipelines.tasks.registry import task_of

VIEWED = "viewed"
OWN = frozenset(inspect.signature(Viewed).parameters) - {"metanet", "settings", "views"}
"""Settings that are those of `Viewed`; one of the metanet inside too is given to both."""


LEARNED = "learned_inputs"


def registry(task: Mapping[str, Any]) -> Mapping[str, Callable[..., Any]]:
    """Give the models that can be trained for a task, by name."""
    return EDITORS if task_of(task).editor else METANETS


def ingredients(
    model: Mapping[str, Any], settings: Mapping[str, Any], known: Mapping[str, Callable[..., Any]]
) -> tuple[str, dict[str, Any]]:
    """Say by which name and settings a model is made.

        ingredients({"metanet": "gmn", "views": ["exam"]}, {"hidden": 8}, METANETS)
        # ("viewed", {"metanet": "gmn", "views": ["exam"], "settings": {"hidden": 8}})

    A metanet that takes views itself is given them; any other is put into `Viewed`, with views or
    learned inputs, to which go those of the settings that are its own.
    """
    name = model["metanet"]
    taken = inspect.signature(known[name]).parameters
    if "views" not in model and LEARNED not in settings.keys() - taken.keys():
        return name, dict(settings)
    if "views" in taken:
        return name, {**settings, "views": model.get("views", [])}
    around = {key: value for key, value in settings.items() if key in OWN}
    inside = {key: value for key, value in settings.items() if key in taken or key not in OWN}
    return VIEWED, {"metanet": name, "settings": inside, "views": model.get("views", []), **around}
