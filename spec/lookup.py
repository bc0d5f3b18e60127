"""Names and values: what an entry is called, which values it takes, and their shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from spec.context import Context, Path, StopExpansion
from spec.errors import quoted
from spec.expression_syntax import ExpressionError
from spec.layer import Value
from spec.suggestions import suggest

if TYPE_CHECKING:
    from spec.expand import Expander

MAX_NAME = 1_000
COLLECTED_STEPS = 3  # for each value of a list


def name_of(
    expander: Expander, type_: str, raw: Mapping[str, Any], path: Path, context: Context
) -> str:
    """Give an entry's own name, or its number in the list."""
    name = _own_name(expander, raw, path, context)
    expander.sharing.entries[context.prefix + name] = (type_, context.place(path))
    return name


def _own_name(expander: Expander, raw: Mapping[str, Any], path: Path, context: Context) -> str:
    number = context.counter.take()
    where: Path = (*path, "name")
    name = expander.evaluate(raw.get("name"), where, context)
    if name is None:
        return number
    if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
        expander.note(where, f"`name`: expected a name, got {quoted(name)}", context)
        raise StopExpansion
    full = f"{context.prefix}{name}"
    if len(full) > MAX_NAME:
        expander.note(where, f"a name has at most {MAX_NAME:,} characters", context)
        raise StopExpansion
    if full in expander.reserved:
        message = f"{quoted(name)} is {expander.reserved[full]}: take another name"
        expander.note(where, message, context)
        raise StopExpansion
    return str(name)


@contextmanager
def known_as(expander: Expander, name: str) -> Iterator[None]:
    """Leave the value of this name unknown where its expansion stops."""
    try:
        yield
    except StopExpansion:
        expander.values[name] = None
        raise


def inputs_of(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
) -> list[Value | None]:
    """Give the values that an entry takes: those it names, or the current one."""
    return listed_inputs(expander, raw, path, context, current)[0]


def listed_inputs(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
) -> tuple[list[Value | None], bool]:
    """Give the values that an entry takes, and whether their number may vary."""
    values, varies = named_values(expander, raw.get("inputs"), (*path, "inputs"), context)
    if values is None:
        if current is None and context.several and not expander.problems:
            several = "there are several inputs: name the ones to take in `inputs`"
            expander.note(path, several, context, key=True)
        return [current], False
    return values, varies


def named_values(
    expander: Expander, written: Any, where: Path, context: Context
) -> tuple[list[Value | None] | None, bool]:
    """Give the values that are named, None if nothing is, and whether their number may vary."""
    names = expander.evaluate(written, where, context)
    if names is None:
        return None, False
    if written == []:
        raise StopExpansion  # the schema has said so
    values: list[Value | None] = []
    varies = isinstance(names, list) and not isinstance(written, list)
    for name in names if isinstance(names, list) else [names]:
        varies = varies or isinstance(name, list)
        for one in name if isinstance(name, list) else [name]:
            found = find_all(expander, one, where, context)
            varies = varies or isinstance(found, list)
            values += found if isinstance(found, list) else [found]
    return values, varies


def one_input(
    expander: Expander,
    type_: str,
    raw: Mapping[str, Any],
    path: Path,
    context: Context,
    current: Value | None,
) -> Value | None:
    """Give the one value that a structure or a block without named inputs takes."""
    values = inputs_of(expander, raw, path, context, current)
    if len(values) != 1:
        message = f"{type_} takes one input, got {len(values)}"
        expander.note((*path, "inputs"), message, context)
        raise StopExpansion
    return values[0]


def find_all(
    expander: Expander, name: Any, path: Path, context: Context
) -> list[Value | None] | Value | None:
    """Find a value, or what is collected so far, by name, from the innermost scope outwards."""
    if isinstance(name, bool) or not isinstance(name, str | int):
        expander.note(path, f"expected the name of a value, got {quoted(name)}", context)
        return None
    for prefix in context.scopes():
        expander.spend(1, path, context)
        full = f"{prefix}{name}"
        if full in expander.collections:
            collection = expander.collections[full]
            collection.read = True
            expander.spend(COLLECTED_STEPS * len(collection.values), path, context)
            return [*collection.values]
        if full in expander.values:
            if full in expander.reserved:
                _read(expander, full)
            return expander.values[full]
    hint = suggest(str(name), [*expander.values, *expander.collections])
    message = f"no input or earlier layer is called {quoted(str(name))}{hint}"
    expander.note(path, message, context)
    return None


def find(expander: Expander, name: Any, path: Path, context: Context) -> Value | None:
    """Find one value by name."""
    found = find_all(expander, name, path, context)
    if not isinstance(found, list):
        return found
    message = f"{quoted(name)} is a list of {len(found)} values: name one, as in '{name}.0'"
    expander.note(path, message, context)
    return None


def _read(expander: Expander, full: str) -> None:
    """Remember that one value of a collection is read."""
    collection = expander.collections.get(full.rpartition(".")[0])
    if collection is not None:
        collection.read = True


def shape_of(expander: Expander, path: Path, context: Context, name: object) -> list[int]:
    """Give the shape of a value by name, or of the current one; stops where it is unknown."""
    if name is not None:
        value = find(expander, name, path, context)
    else:
        value = context.current
        if value is None and context.several and not expander.problems:
            several = "there are several inputs: name one, as in shape('x')"
            raise ExpressionError(several)
    if value is None:
        raise StopExpansion
    return [*value.shape]
