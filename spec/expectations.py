"""What a JSON Schema expects, in words, such as "an integer of at least 1"."""

from __future__ import annotations

from typing import Any

EXPRESSION = "an expression such as $width"

_WORDS = {  # of one, of several
    "integer": ("an integer", "integers"),
    "number": ("a number", "numbers"),
    "boolean": ("true or false", "true or false"),
    "string": ("a string", "strings"),
    "null": ("null", "null"),
    "object": ("a mapping", "mappings"),
    "array": ("a list", "lists"),
}
_NAMED = {
    "layers": ("a list of layers", "lists of layers"),
    "checkpoint": ("a mapping", "mappings"),
    "shapes": ("a mapping of names to shapes", "mappings of names to shapes"),
}
_PATTERNS = {
    "^[A-Za-z_][A-Za-z0-9_]*$": "of letters, digits and _, not beginning with a digit",
    "^[^$.]+$": "without $ and dots",
}


def expectation(schema: dict[str, Any]) -> str:
    """Put into words what a schema expects.

    >>> expectation({"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2})
    'a list of 2 or more integers of at least 1'
    """
    options, expression = _options(schema, several=False)
    text = " or ".join(dict.fromkeys(options))
    if not expression:
        return text
    return (
        f"{text}{',' if ' or ' in text or ',' in text else ''} or {EXPRESSION}"
        if text
        else EXPRESSION
    )


def _options(schema: dict[str, Any], several: bool) -> tuple[list[str], bool]:
    """List the alternatives of a schema, and say whether an expression is one, here or inside."""
    if "anyOf" in schema:
        found = [_options(option, several) for option in schema["anyOf"]]
        return [word for words, _ in found for word in words], any(said for _, said in found)
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        if name == "expression":
            return [], True
        return [_NAMED.get(name, (f"the fields of `{name}`",) * 2)[several]], False
    if "enum" in schema:
        return ["one of " + ", ".join(map(str, schema["enum"]))], False
    if "else" in schema:
        return _options(schema["else"], several)
    if "type" not in schema:
        return [f"a word {_pattern(schema)}"] if "pattern" in schema else [], False
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if types == ["string", "object"]:
        return ["a layer's name, or a mapping with the layer's name and its fields"], False
    if "array" in types and "items" in schema:
        return _list(schema, several)
    if types == ["array"] and schema.get("minItems"):
        return [f"{_WORDS['array'][several]} that {'are' if several else 'is'} not empty"], False
    limits = _limits(schema, several)
    return [_WORDS[type_][several] + (limits if type_ != "null" else "") for type_ in types], False


def _list(schema: dict[str, Any], several: bool) -> tuple[list[str], bool]:
    """Say what a list holds, and of how many."""
    items = schema["items"]
    if items.get("type") == ["string", "object"]:
        return [_NAMED["layers"][several]], False
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    words, expression = _options(items, several=most != 1)
    count = f"{least} or more " if least > 1 else ""
    if most is not None:
        count = f"{least} " if least == most else f"{least} to {most} "
        count = "" if most == 1 else count
    different = "different " if "uniqueItems" in schema else ""
    start = _WORDS["array"][several]
    return [f"{start} of {count}{different}{' or '.join(words)}" if words else start], expression


def _limits(schema: dict[str, Any], several: bool) -> str:
    phrase = ""
    if "minLength" in schema:
        most = schema.get("maxLength")
        phrase += (
            f" of 1 to {most:,} characters"
            if most
            else f" that {'are' if several else 'is'} not empty"
        )
    if "pattern" in schema:
        phrase += f" {_pattern(schema)}"
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f"{phrase} from {least:,} to {most:,}"
    if least is not None:
        phrase += f" of at least {least}"
    if "exclusiveMinimum" in schema:
        phrase += f" above {schema['exclusiveMinimum']}"
    if most is not None:
        phrase += f" of at most {most:,}"
    if "exclusiveMaximum" in schema:
        phrase += f"{',' if phrase else ''} below {schema['exclusiveMaximum']}"
    return phrase


def _pattern(schema: dict[str, Any]) -> str:
    return _PATTERNS.get(schema["pattern"], f"that matches {schema['pattern']}")
