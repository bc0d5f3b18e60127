"""The schema of the train stage's settings."""

from __future__ import annotations

from typing import Any

from pipelines.tasks import DEFAULT, TASKS, Task

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
PROPERTIES: dict[str, Any] = {
    "task": {"enum": list(TASKS)},
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
}


def section(task: type[Task]) -> dict[str, Any]:
    """Give the schema of settings that ask for a task."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [*task.required, "seeds", "models"],
        "properties": {**PROPERTIES, **task.properties},
    }


def by_task(tasks: list[type[Task]]) -> dict[str, Any]:
    """Give the schema of the section: that of the task it names, of the last one if of none."""
    first, *rest = tasks
    if not rest:
        return section(first)
    named = {"required": ["task"], "properties": {"task": {"const": first.name}}}
    return {"if": named, "then": section(first), "else": by_task(rest)}


SCHEMA: dict[str, Any] = by_task(
    [*(task for name, task in TASKS.items() if name != DEFAULT), TASKS[DEFAULT]]
)
