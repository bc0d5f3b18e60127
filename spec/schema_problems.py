"""Schema problems: what the JSON Schema finds wrong in a document, in words and with places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import count, islice, pairwise
from typing import TYPE_CHECKING, Any

from spec.context import Path
from spec.errors import MAX_PROBLEMS, Mark, Problem, kind, quoted
from spec.expectations import expectation
from spec.json_schema import architecture_schema
from spec.layer import LAYERS
from spec.suggestions import suggest_field
from spec.yaml_reader import Document

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError


def validator() -> Draft202012Validator:
    """Give the validator of the schema of architectures, with all layers that are registered."""
    return _validators(tuple(LAYERS))[0]


@lru_cache(maxsize=2)
def _validators(layers: tuple[str, ...]) -> tuple[Draft202012Validator, Draft202012Validator]:
    """Give the validators of a whole description and of one entry.

    All their references lead into `$defs`: each is looked up once, not for every layer.
    """
    from jsonschema import Draft202012Validator  # which nobody needs who reads nothing
    from jsonschema.validators import extend

    def follow(_: Any, reference: str, instance: Any, __: Any) -> Iterator[ValidationError]:
        yield from definitions[reference].iter_errors(instance)

    schema = architecture_schema()
    checker: Any = extend(Draft202012Validator, {"$ref": follow})  # type: ignore[no-untyped-call]
    definitions = {f"#/$defs/{name}": checker(part) for name, part in schema["$defs"].items()}
    return checker(schema), definitions["#/$defs/layers"]


def entry_problems(entry: Any) -> list[str]:
    """List in what one entry, a value of a variable, departs from the schema."""
    return problems_of_value([entry], _validators(tuple(LAYERS))[1])


def value_problems(value: Any, schema: dict[str, Any]) -> list[str]:
    """List in what a value departs from a schema."""
    from jsonschema import Draft202012Validator

    return problems_of_value(value, Draft202012Validator(schema))


def problems_of_value(value: Any, checker: Draft202012Validator) -> list[str]:
    """List in what a value departs from what a validator admits."""
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
    blocks = document.data.get("blocks") if isinstance(document.data, dict) else None
    problems: list[Problem] = []
    for error in islice((checker or validator()).iter_errors(data), MAX_PROBLEMS):
        for specific in most_specific(error):
            if not (isinstance(blocks, dict) and in_call(specific.absolute_path, blocks)):
                problems += describe(document, specific, section)
    return problems


def in_call(path: Iterable[str | int], blocks: Mapping[str, Any]) -> bool:
    """Whether a place is in an entry that calls a block, which may have a layer's name."""
    steps = [*path]
    return any(
        isinstance(step, str) and isinstance(before, int) and step in blocks
        for before, step in pairwise(steps)
    )


def entry_marks(document: Document, path: Path) -> Iterator[Mark]:
    """Yield the places of the entries of the list at `path`; none if it is no list."""
    whole = document.mark(path)
    for place in count():
        mark = document.mark((*path, place))
        if mark == whole:
            return
        yield mark


def most_specific(error: ValidationError) -> list[ValidationError]:
    """Follow an `anyOf` into the alternative that was meant, where its kind shows which."""
    if error.validator != "anyOf" or not error.context:
        return [error]
    if isinstance(error.instance, dict | list):
        other = ("type", "enum", "const")
        deeper = [e for e in error.context if e.validator not in other or e.relative_path]
        if deeper:
            best: list[ValidationError] = []
            for candidate in deeper:
                best += most_specific(candidate)
            return best
    return [error]


def place_of(path: Path) -> str:
    """Say what stands at a place."""
    if not path:
        return "a description"
    if isinstance(path[-1], str):
        return f"`{path[-1]}`"
    field = next((step for step in reversed(path) if isinstance(step, str)), None)
    return "an entry" if field is None else f"an entry of `{field}`"


def describe(document: Document, error: ValidationError, section: Path = ()) -> list[Problem]:
    """Put one error into words."""
    path: Path = (*section, *error.absolute_path)
    schema: Any = error.schema
    where = place_of(path)
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
        return [
            document.problem(path, f"{where} needs the field `{name}`", key=bool(path))
            for name in missing
        ]
    if error.validator in ("minProperties", "maxProperties") and path[-1:] != ("inputs",):
        message = (
            "an entry of a list of layers has one key, the layer's name, with its fields below "
            f"it; got {', '.join(map(quoted, [*instance][:10])) or 'none'}"
        )
        return [document.problem(path, message)]
    if error.validator == "not" and isinstance(instance, str):
        message = f"{where}: {quoted(instance)} has a meaning of its own here: take another name"
        return [document.problem((*path, instance), message, key=True)]
    expected = expectation(schema) or error.message
    if error.validator == "minProperties":
        expected = f"{expected}, with at least one entry"
    message = f"expected {expected}, got {given(instance)}"
    if error.validator == "pattern" and path and _is_key(document, path, instance):
        return [document.problem((*path, instance), f"{where}: {message}", key=True)]
    return [document.problem(path, f"{where}: {message}")]


def _is_key(document: Document, path: Path, instance: str) -> bool:
    """Say whether a text stands as a key at a place, and not as a value."""
    data = document.data
    for key in path:
        data = data[key]
    return isinstance(data, dict) and instance in data


def given(value: Any) -> str:
    """Say what was got, as YAML writes it; of a list how many entries it has."""
    if isinstance(value, list) and value:
        short = all(isinstance(item, bool | int | float | str) for item in value[:8])
        shown = f": {quoted(value)}" if short and len(value) <= 8 else ""
        return f"a list of {len(value):,}{shown}"
    if isinstance(value, list | dict):
        return kind(value) if value else f"an empty {kind(value).split()[-1]}"
    return _written(value)


def _written(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else quoted(value)
