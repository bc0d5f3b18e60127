"""The JSON Schema of the authored form, generated from the registry of layers.

`python -m spec.json_schema` writes it to `spec/schema/architecture.schema.json`, where editors
find it.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import spec.layers  # noqa: F401  registers the layers
from spec.checkpoint_schema import checkpoint_schema
from spec.layer import LAYERS, Layer
from spec.primitives.primitive import MAX_AXES

SCHEMA_FILE = Path(__file__).parent / "schema" / "architecture.schema.json"

EXPRESSION = {"$ref": "#/$defs/expression"}
LIST = {"$ref": "#/$defs/layers"}
NAME = {"type": "string", "minLength": 1}
VARIABLE = "^[A-Za-z_][A-Za-z0-9_]*$"
CALL_FIELDS = ("name", "when", "inputs", "share")
LOCAL = {"type": "string", "pattern": "^[^$.]+$"}
NAMES_OF_INPUTS = {"type": "array", "items": LOCAL, "minItems": 1, "uniqueItems": True}
NAMES = {"anyOf": [NAME, {"type": "array", "items": NAME, "minItems": 1}]}


def architecture_schema() -> dict[str, Any]:
    """Give the schema (draft 2020-12) for everything that `spec.load` reads."""
    definitions: dict[str, Any] = {
        "expression": {
            "type": "string",
            "pattern": r"\$",
            "description": "An expression: $name or ${arithmetic on variables}.",
        },
        "checkpoint": checkpoint_schema(),
        "shapes": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {**NAME, "maxLength": 1000},
            "additionalProperties": {
                "if": {"type": "object"},
                "then": {"$ref": "#/$defs/named_axes"},
                "else": SIZES,
            },
        },
        "named_axes": {
            "description": "The shape of an input, and what its axes hold.",
            "type": "object",
            "required": ["shape"],
            "additionalProperties": False,
            "properties": {
                "shape": SIZES,
                "axes": {
                    "description": "A name for each axis: `features` or `channels` for neurons.",
                    **with_expressions({"type": "array", "items": NAME}),
                },
            },
        },
        "layers": {
            "type": "array",
            "items": {
                "description": "A layer, structure or block; its name alone if it needs no field.",
                "type": ["string", "object"],
                "minProperties": 1,
                "maxProperties": 1,
                "properties": {
                    **{name: {"$ref": f"#/$defs/{name}"} for name in STRUCTURE_SCHEMAS},
                    **{name: {"$ref": f"#/$defs/{name}"} for name in sorted(LAYERS)},
                },
                "additionalProperties": {"type": ["object", "null"]},
            },
        },
        **STRUCTURE_SCHEMAS,
        **{name: layer_schema(LAYERS[name]) for name in sorted(LAYERS)},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A neural network's architecture",
        "type": "object",
        "required": ["inputs", "layers"],
        "additionalProperties": False,
        "properties": {
            "name": NAME,
            "vars": {
                "type": "object",
                "description": "Variables and their defaults; null asks for a value.",
                "propertyNames": {"pattern": VARIABLE},
            },
            "inputs": {
                "description": "The shape of each input, without the batch axis.",
                "anyOf": [
                    {"$ref": "#/$defs/shapes"},
                    {"type": "array", "items": {"$ref": "#/$defs/shapes"}, "minItems": 1},
                ],
            },
            "blocks": {
                "type": "object",
                "description": "Lists of layers with arguments, called by name.",
                "propertyNames": {"not": {"enum": [*STRUCTURE_SCHEMAS]}},
                "additionalProperties": {
                    "type": "object",
                    "required": ["layers"],
                    "additionalProperties": False,
                    "properties": {
                        "args": {
                            "type": ["object", "null"],
                            "description": "Arguments and their defaults; null: required.",
                            "propertyNames": {
                                "pattern": VARIABLE,
                                "not": {"enum": [*CALL_FIELDS]},
                            },
                        },
                        "inputs": {
                            "description": "Names of the inputs, where a call gives several.",
                            "anyOf": [LOCAL, NAMES_OF_INPUTS],
                        },
                        "layers": LIST,
                    },
                },
            },
            "layers": LIST,
            "outputs": NAMES,
            "checkpoint": {
                "anyOf": [
                    {"$ref": "#/$defs/checkpoint"},
                    {"type": "array", "items": {"$ref": "#/$defs/checkpoint"}, "minItems": 1},
                ]
            },
        },
        "$defs": definitions,
    }


def expression_or(schema: dict[str, Any]) -> dict[str, Any]:
    """Admit an expression in place of a value."""
    return {"anyOf": [schema, EXPRESSION]}


def with_expressions(schema: dict[str, Any]) -> dict[str, Any]:
    """Admit an expression in place of a field's value, or of an item of its lists."""
    options = [
        {**option, "items": expression_or(option["items"])} if "items" in option else option
        for option in schema.get("anyOf", [schema])
    ]
    return {"anyOf": [*options, EXPRESSION]}


SIZES = {
    "type": "array",
    "items": expression_or({"type": "integer", "minimum": 1}),
    "minItems": 1,
}

COMMON: dict[str, Any] = {
    "name": {**NAME, "description": "A name; by default the number in the list."},
    "when": expression_or({"type": "boolean", "description": "Left out if false."}),
    "inputs": {**NAMES, "description": "The values to take; by default the previous one."},
    "share": {**NAME, "description": "An earlier entry of this kind, whose tensors it has."},
}

COLLECT = {**NAME, "description": "A name for the list of all results."}
TURNS = {
    "times": expression_or({"type": "integer", "minimum": 0, "maximum": 1000}),
    "index": {"type": "string", "pattern": VARIABLE},
}

STRUCTURE_SCHEMAS: dict[str, Any] = {
    "sequential": {
        "description": "A list of layers with a name of its own.",
        "type": "object",
        "required": ["layers"],
        "additionalProperties": False,
        "properties": {**COMMON, "collect": COLLECT, "layers": LIST},
    },
    "repeat": {
        "description": "The same layers several times.",
        "type": "object",
        "required": ["times", "layers"],
        "additionalProperties": False,
        "properties": {
            "when": COMMON["when"],
            **TURNS,
            "collect": COLLECT,
            "share": expression_or(
                {
                    "type": "boolean",
                    "description": "Whether all turns have the tensors of the first.",
                }
            ),
            "layers": LIST,
        },
    },
    "residual": {
        "description": "body(x) + shortcut(x).",
        "type": "object",
        "required": ["body"],
        "additionalProperties": False,
        "properties": {
            **COMMON,
            "body": LIST,
            "shortcut": {
                "if": {"type": "array"},
                "then": LIST,
                "else": {"enum": ["identity", "auto"]},
            },
        },
    },
    "scan": {
        "description": "Layers that are run item after item, and read what they gave before.",
        "type": "object",
        "required": ["state", "body"],
        "additionalProperties": False,
        "properties": {
            **COMMON,
            "items": {"description": "Names of the items of the inputs.", **NAMES},
            "dim": expression_or({"type": "integer", "minimum": -MAX_AXES, "maximum": MAX_AXES}),
            "reverse": expression_or({"type": "boolean"}),
            "state": {
                "description": "The states by name: sizes, to begin at zero, or a value's name.",
                "type": "object",
                "propertyNames": LOCAL,
                "additionalProperties": {"anyOf": [NAME, {**SIZES, "minItems": 0}]},
            },
            "body": LIST,
            "next": {
                "description": "The next value of each state, by its name in the body.",
                "type": "object",
                "additionalProperties": NAME,
            },
            "output": {**NAME, "description": "What the body gives; by default its last value."},
        },
    },
    "parallel": {
        "description": "The same value through several lists of layers, merged at the end.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **COMMON,
            **TURNS,
            "layers": LIST,
            "branches": {"type": "array", "items": LIST, "minItems": 2, "maxItems": 64},
            "merge": expression_or({"enum": ["add", "multiply", "concat"]}),
            "dim": expression_or({"type": "integer", "minimum": -MAX_AXES, "maximum": MAX_AXES}),
        },
    },
}


def layer_schema(layer: type[Layer]) -> dict[str, Any]:
    """Give the schema of one layer's fields."""
    properties: dict[str, Any] = dict(COMMON)
    required = []
    for field in dataclasses.fields(layer):
        properties[field.name] = with_expressions(field.metadata["kind"].schema)
        if field.default is dataclasses.MISSING:
            required.append(field.name)
    properties["parameters"] = {
        "type": "object",
        "description": "Names of this layer's tensors where a checkpoint differs.",
        "additionalProperties": NAME,
    }
    properties["parametrizations"] = {
        "type": "object",
        "description": "How tensors are made from others: weight_norm, lora and so on.",
        "additionalProperties": {"type": ["string", "object", "null"]},
    }
    sizes = {"type": "array", "items": {"type": "integer", "minimum": 1}}
    properties["output_shape"] = {
        "description": "Checked against the inferred shape (without the batch axis).",
        **with_expressions(sizes),
    }
    schema: dict[str, Any] = {
        "description": (layer.__doc__ or "").strip().splitlines()[0],
        "type": "object" if required else ["object", "null"],
        "additionalProperties": False,
        "properties": properties,
    }
    if required:
        schema["required"] = required
    return schema


def text() -> str:
    """Print the schema as the file that ships with the package."""
    return json.dumps(architecture_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.parent.mkdir(exist_ok=True)
    SCHEMA_FILE.write_text(text(), encoding="utf-8")
