"""Settings of a study of loss barriers: which networks, on which data, how they are trained."""

from __future__ import annotations

from typing import Any

from pipelines.settings import ABOVE_ZERO, NAME, POSITIVE, SEED, read_section
from pipelines.zoo.fields import AnySettings

SECTION = "barriers"
DATA = ("digits", "number_words")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["pairs", "points", "seed", "networks"],
    "properties": {
        "pairs": POSITIVE,
        "points": {"type": "integer", "minimum": 3, "maximum": 1000},
        "seed": SEED,
        "networks": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": NAME,
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["architecture", "data", "steps", "batch_size", "learning_rate"],
                "properties": {
                    "architecture": {"type": "string", "minLength": 1},
                    "variables": {"type": "object"},
                    "data": {"enum": [*DATA]},
                    "steps": POSITIVE,
                    "batch_size": POSITIVE,
                    "learning_rate": ABOVE_ZERO,
                },
            },
        },
    },
}


def read_settings(path: AnySettings) -> dict[str, Any]:
    """Read the section `barriers`; `SpecError` with the place of every mistake.

    read_settings("params.yaml")["networks"]["mlp"]["steps"]
    """
    return read_section(path, SECTION, SCHEMA)
