"""Schema problems: what the JSON Schema finds wrong in a document, in words and with places."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from spec.context import Path
from spec.errors import MAX_PROBLEMS, Problem, kind, quoted
from spec.json_schema import architecture_schema
from spec.layer import LAYERS
from spec.suggestions import suggest_field
from spec.yaml_reader import Document


def validator() -> Draft202012Validator:
    """Give the validator of the schema of architectures, with all layers that are registered."""
    return _validators(tuple(LAYERS))[0]


@lru_cache(maxsize=2)
def _validators(layers: tuple[str, ...]) -> tuple[Draft202012Validator, Draft202012Validator]:
    """Give the validators of a whole description and of one entry."""
    schema = architecture_schema()
    entry = {"$defs": schema["$defs"], "$ref": "#/$defs/layers"}
    return Draft202012Validator(schema), Draft202012Validator(entry)


def entry_problems(entry: Any) -> list[str]:
    """List in what one entry, a value of a variable, departs from the schema."""
    return value_problems([entry], _validators(tuple(LAYERS))[1])


def value_problems(value: Any, checker: Draft202012Validator) -> list[str]:
    """List in what a value departs from a schema."""
    document = Document.from_data(value, "")
    return [problem.message for problem in schema_problems(document, checker)]


def schema_problems(
    document: Document, checker: Draft202012Validator | None = None, section: Path = ()
) -> list[Problem]:
    """List in what a document, or a section of it, departs from a schema: the first hundred.

    The default is the schema of architectures.
    """
    data = document.data
    for key in section:
        data = data[key]
    problems: list[Problem] = []
    for error in islice((checker or validator()).iter_errors(data), MAX_PROBLEMS):
        for specific in most_specific(error):
            problems += describe(document, specific, section)
    return problems


def most_specific(error: ValidationError) -> list[ValidationError]:
    """Follow an `anyOf` into the alternative that was meant, where its kind shows which."""
    if error.validator != "anyOf" or not error.context:
        return [error]
    if isinstance(error.instance, dict | list):
        deeper = [e for e in error.context if e.validator != "type" or e.relative_path]
        if deeper:
            best: list[ValidationError] = []
            for candidate in deeper:
                best += most_specific(candidate)
            return best
    return [error]


def describe(document: Document, error: ValidationError, section: Path = ()) -> list[Problem]:
    """Put one error into words."""
    path: Path = (*section, *error.absolute_path)
    schema: Any = error.schema
    where = f"`{path[-1]}`" if path and isinstance(path[-1], str) else "this entry"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = schema.get("properties", {})
        return [
            document.problem(
                (*path, key),
                f"{where} has no field {quoted(key)}{suggest_field(key, known)}",
                key=True,
            )
            for key in error.instance
            if key not in known
        ]
    instance: Any = error.instance
    if error.validator == "required":
        wanted: Any = error.validator_value
        missing = [name for name in wanted if name not in instance]
        named = where if path else "a description"
        return [
            document.problem(path, f"{named} needs the field `{name}`", key=bool(path))
            for name in missing
        ]
    if error.validator in ("minProperties", "maxProperties") and path[-1:] != ("inputs",):
        message = (
            "an entry of a list of layers has one key, the layer's name, with its fields below "
            f"it; got {len(instance)} keys: {', '.join(map(quoted, [*instance][:10]))}"
        )
        return [document.problem(path, message)]
    expected = expectation(schema) or error.message
    got = quoted(instance) if not isinstance(instance, dict | list) else kind(instance)
    got = f"an empty {kind(instance).split()[-1]}" if instance in ([], {}) else got
    return [document.problem(path, f"{where}: expected {expected}, got {got}")]


def expectation(schema: dict[str, Any]) -> str:
    """Put into words what a schema expects."""
    if "anyOf" in schema:
        options = [expectation(option) for option in schema["anyOf"]]
        return " or ".join(option for option in options if option)
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return {
            "expression": "an expression such as $width",
            "layers": "a list of layers",
        }.get(name, f"the fields of `{name}`")
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "type" not in schema:
        return f"a word that matches {schema['pattern']}" if "pattern" in schema else ""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    words = {
        "integer": "an integer",
        "number": "a number",
        "boolean": "true or false",
        "string": "a string",
        "null": "null",
        "object": "a mapping",
        "array": "a list",
    }
    if types == ["string", "object"]:
        return "a layer's name, or a mapping with the layer's name and its fields"
    phrase = " or ".join(words[type_] for type_ in types)
    if "minLength" in schema:
        most = schema.get("maxLength")
        phrase += f" of 1 to {most:,} characters" if most else " that is not empty"
    if "pattern" in schema:
        phrase += f" that matches {schema['pattern']}"
    if "minimum" in schema:
        phrase += f" of at least {schema['minimum']}"
    if "exclusiveMinimum" in schema:
        phrase += f" above {schema['exclusiveMinimum']}"
    if "maximum" in schema:
        phrase += f", at most {schema['maximum']}"
    if "exclusiveMaximum" in schema:
        phrase += f", below {schema['exclusiveMaximum']}"
    if "array" in types and "items" in schema:
        count = schema.get("minItems")
        exact = count is not None and count == schema.get("maxItems")
        item = expectation(schema["items"])
        if schema["items"].get("type") == ["string", "object"]:
            return "a list of layers"
        each = f"{count} times " if exact else "different " if "uniqueItems" in schema else ""
        phrase = f"a list of {each}{item}" if item else phrase
    return phrase
