"""The schemas of the settings of flows, of sampling, and of measuring what was sampled."""

from __future__ import annotations

from typing import Any

import metanet
from pipelines.generation.baselines import BASELINES
from pipelines.generation.measures import COPIED, FLOOR

DECIDED = [
    "channels", "conditions", "members", "net", "classes", "editor", "frequencies", "reference",
]  # fmt: skip
"""Settings of editors that a flow decides, or that stand beside them."""
EDITORS = [name for name in metanet.EDITORS if name != "scale_gmn"]
"""Editors that read channels beside weights."""
POSITIVE = {"type": "integer", "minimum": 1}
NATURAL = {"type": "integer", "minimum": 0}
ABOVE_ZERO = {"type": "number", "exclusiveMinimum": 0}
TRAINING: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["epochs", "batch_size", "learning_rate", "weight_decay", "gradient_norm"],
    "properties": {
        "epochs": POSITIVE,
        "batch_size": POSITIVE,
        "learning_rate": ABOVE_ZERO,
        "weight_decay": {"type": "number", "minimum": 0},
        "gradient_norm": ABOVE_ZERO,
        "average": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
    },
}
FLOW: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["seeds", "models"],
    "properties": {
        "align": {"enum": ["none", "match"]},
        "condition": {"type": ["string", "null"]},
        "seeds": {"type": "array", "items": NATURAL, "minItems": 1},
        "models": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {
                "pattern": r"^\w[\w.-]*$",
                "not": {"enum": [*BASELINES, FLOOR, COPIED]},
            },
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["training"],
                "properties": {
                    "editor": {"enum": EDITORS},
                    "reference": {"type": "boolean"},
                    "principal": POSITIVE,
                    "frequencies": POSITIVE,
                    "settings": {
                        "type": "object",
                        "propertyNames": {"not": {"enum": DECIDED}},
                    },
                    "training": TRAINING,
                },
            },
        },
    },
}
SAMPLE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["count"],
    "properties": {
        "count": POSITIVE,
        "steps": POSITIVE,
        "method": {"enum": ["euler", "heun"]},
        "seed": NATURAL,
        "together": POSITIVE,
        "networks_per_shard": POSITIVE,
    },
}
QUALITY: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["signals", "grid"],
    "properties": {
        "signals": {"enum": ["curves", "images", "solids"]},
        "grid": {
            "type": "array",
            "items": {"type": "integer", "minimum": 2},
            "minItems": 1,
            "maxItems": 3,
        },
        "components": POSITIVE,
        "copies": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "shown": POSITIVE,
        "seed": NATURAL,
    },
}
