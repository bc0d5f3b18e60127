"""The schema of the train stage's settings."""

from __future__ import annotations

from typing import Any

POSITIVE = {"type": "integer", "minimum": 1}
TRAINING: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["epochs", "batch_size", "learning_rate", "weight_decay", "gradient_norm"],
    "properties": {
        "epochs": POSITIVE,
        "batch_size": POSITIVE,
        "learning_rate": {"type": "number", "exclusiveMinimum": 0},
        "weight_decay": {"type": "number", "minimum": 0},
        "gradient_norm": {"type": "number", "exclusiveMinimum": 0},
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["target", "seeds", "models"],
    "properties": {
        "target": {"type": "string"},
        "seeds": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1},
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
