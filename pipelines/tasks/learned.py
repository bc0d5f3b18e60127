"""What a task learned, as a run keeps it: the schema of its numbers, and if it fits a model."""

from __future__ import annotations

from typing import Any

from torch import nn

from metanet import StatNN

NUMBER: dict[str, Any] = {"type": "number", "minimum": -1e300, "maximum": 1e300}
"""A number with which can be reckoned."""


def count_outputs(model: nn.Module) -> int:
    """Count the outputs of a metanet for each network."""
    settings: Any = model.settings
    if isinstance(model, StatNN):
        return int(settings["classes"]) or 1
    return int(settings["outputs"])
