"""The table of layers, from their registry: fields with kinds and defaults, and tensors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import spec
from spec.builder import Builder
from spec.primitives import ShapeError


def table() -> str:
    """Give the table in Markdown, a row for each layer in alphabetical order."""
    rows = ["| layer | fields |", "|---|---|"]
    for name, layer in sorted(spec.LAYERS.items()):
        about = [f"`{name}`", (layer.__doc__ or "").strip().splitlines()[0]]
        if names := tensors(layer):
            about.append("Tensors: " + ", ".join(f"`{tensor}`" for tensor in names))
        fields = [described(field) for field in dataclasses.fields(layer)] or ["none"]
        cells = ("<br>".join(lines).replace("|", "\\|") for lines in (about, fields))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def described(field: dataclasses.Field[Any]) -> str:
    """Describe a field: its name, what it may hold, and its default."""
    if field.default is dataclasses.MISSING:
        default = "required"
    elif field.default is None:
        default = "inferred"
    else:
        default = f"default {written(field.default)}"
    return f"`{field.name}`: {kind(field.metadata['kind'].schema)}; {default}"


def kind(schema: dict[str, Any]) -> str:
    """Put the schema of a field into a few words."""
    if "anyOf" in schema:
        options = [option for option in schema["anyOf"] if option.get("type") != "null"]
        return " or ".join(kind(option) for option in options)
    if "enum" in schema:
        return " or ".join(f"`{word}`" for word in schema["enum"])
    if schema["type"] == "array":
        count = schema["minItems"] if schema.get("maxItems") == schema["minItems"] else "them"
        return f"a list of {count}"
    if schema["type"] == "boolean":
        return "true or false"
    name = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    limits = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {schema[key]:g}" for key, sign in limits.items() if key in schema]
    return f"{name} {' and '.join(bounds)}".strip()


def written(value: Any) -> str:
    """Write a default as YAML writes it; one size stands for equal sizes along all axes."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        value = value[0]
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def tensors(layer: type[spec.Layer]) -> list[str]:
    """List the tensors of a layer with its default fields, by the names of its `parameters`."""
    required = {
        field.name: 2 for field in dataclasses.fields(layer) if field.default is dataclasses.MISSING
    }
    made, _ = layer.from_fields(required)
    for builder in fitting(made, layer.inputs_allowed[0]):
        return list(builder.layers[-1].tensors)
    return []


def fitting(layer: spec.Layer | None, count: int) -> Iterator[Builder]:
    """Add a layer to networks whose inputs have one to three axes, where it fits."""
    for rank in (1, 2, 3):
        builder = Builder({"x": (4,) * rank})
        try:
            if layer is not None:
                builder.add(layer, "layer", [spec.Value("x", (4,) * rank)] * count)
                yield builder
        except ShapeError:
            continue
