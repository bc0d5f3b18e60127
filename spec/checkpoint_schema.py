"""The JSON Schema of the section `checkpoint`."""

from __future__ import annotations

from typing import Any

NAME = {"type": "string", "minLength": 1, "maxLength": 1000}
NAMES = {"anyOf": [NAME, {"type": "array", "items": NAME, "minItems": 1}]}
SEVERAL = {"type": "array", "items": NAME, "minItems": 2}
EXPRESSION = {"$ref": "#/$defs/expression"}


def checkpoint_schema(expressions: bool = True) -> dict[str, Any]:
    """Give the schema, with expressions in the place of values or of values alone."""
    return {
        "type": "object",
        "description": "How checkpoints have the tensors, where they differ.",
        "additionalProperties": False,
        "properties": {
            "section": {**NAME, "description": "The part of a file of torch that is meant."},
            "prefix": {
                "type": "string",
                "maxLength": 1000,
                "description": "What names begin with; another is found where all have it.",
            },
            "tensors": {
                "type": "object",
                "description": "How tensors are stored, by patterns of their names.",
                "propertyNames": NAME,
                "additionalProperties": rule_schema("tensors", expressions),
            },
            "packed": {
                "type": "object",
                "description": "Stored tensors that are several tensors along an axis.",
                "propertyNames": NAME,
                "additionalProperties": rule_schema("packed", expressions),
            },
            "unread": {**NAMES, "description": "Stored tensors that are there and not read."},
        },
    }


def rule_schema(kind: str, expressions: bool = True) -> dict[str, Any]:
    """Give the schema of one rule, of `tensors` or of `packed`."""
    integer = _or({"type": "integer", "minimum": 1}, expressions)
    common = {
        "axes": {**NAME, "description": "Stored axes and the architecture's: i o -> o i."},
        "sizes": {"type": "object", "additionalProperties": integer},
        "dim": _or({"type": "integer", "minimum": -32, "maximum": 32}, expressions),
        "also": {**NAMES, "description": "Other names of it, which all hold the same."},
        "when": _or({"type": "boolean"}, expressions),
    }
    if kind == "packed":
        properties = {"parts": SEVERAL, **common}
        return {"anyOf": [SEVERAL, _object(properties, ["parts"])]}
    lengths = {"type": "array", "items": integer, "minItems": 2}
    properties = {"stored": NAMES, "lengths": lengths, **common}
    return {"anyOf": [*NAMES["anyOf"], _object(properties, [])]}


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**schema, "required": required} if required else {**schema, "minProperties": 1}


def _or(schema: dict[str, Any], expressions: bool) -> dict[str, Any]:
    return {"anyOf": [schema, EXPRESSION]} if expressions else schema
