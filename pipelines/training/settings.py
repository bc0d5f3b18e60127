"""The schema of the train stage's settings."""

from __future__ import annotations

from typing import Any

POSITIVE = {"type": "integer", "minimum": 1}
RANGE = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "propertyNames": {"enum": ["choice", "uniform", "log_uniform", "integers"]},
    "additionalProperties": {"type": "array", "minItems": 1},
}


def or_range(schema: dict[str, Any]) -> dict[str, Any]:
    """Admit a range from which a search draws, in the place of a value."""
    return {"if": {"type": "object"}, "then": RANGE, "else": schema}


TRAINING: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["epochs", "batch_size", "learning_rate", "weight_decay", "gradient_norm"],
    "properties": {
        "epochs": POSITIVE,
        "batch_size": or_range(POSITIVE),
        "learning_rate": or_range({"type": "number", "exclusiveMinimum": 0}),
        "weight_decay": or_range({"type": "number", "minimum": 0}),
        "gradient_norm": or_range({"type": "number", "exclusiveMinimum": 0}),
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["target", "seeds", "models"],
    "properties": {
        "target": {"type": "string"},
        "auxiliary": {
            "type": "object",
            "propertyNames": {"pattern": r"^(metrics|training|variables)\."},
            "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
        },
        "seeds": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1},
        "networks": {"type": "array", "items": {"type": "integer", "minimum": 2}, "minItems": 1},
        "search": {
            "type": "object",
            "additionalProperties": False,
            "required": ["trials"],
            "properties": {
                "trials": POSITIVE,
                "epochs": POSITIVE,
                "seed": {"type": "integer", "minimum": 0},
            },
        },
        "models": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["metanet"],
                "properties": {
                    "metanet": {"type": "string"},
                    "settings": {"type": "object"},
                    "training": TRAINING,
                    "search": {
                        "type": "object",
                        "additionalProperties": {"type": "array", "minItems": 1},
                    },
                },
            },
        },
    },
}
