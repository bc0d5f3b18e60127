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
    if full in expander.block_inputs:
        expander.note(where, f"{quoted(name)} is an input of the block: take another name", context)
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
    where: Path = (*path, "inputs")
    names = expander.evaluate(raw.get("inputs"), where, context)
    if names is None:
        if current is None and context.several and not expander.problems:
            several = "there are several inputs: name the ones to take in `inputs`"
            expander.note(path, several, context, key=True)
        return [current]
    names = names if isinstance(names, list) else [names]
    return [find(expander, name, where, context) for name in names]


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


def find(expander: Expander, name: Any, path: Path, context: Context) -> Value | None:
    """Find a value by name, from the innermost scope outwards."""
    if isinstance(name, bool) or not isinstance(name, str | int):
        expander.note(path, f"expected the name of a value, got {quoted(name)}", context)
        return None
    for prefix in context.scopes():
        expander.spend(1, path, context)
        if f"{prefix}{name}" in expander.values:
            return expander.values[f"{prefix}{name}"]
    hint = suggest(str(name), expander.values)
    message = f"no input or earlier layer is called {quoted(str(name))}{hint}"
    expander.note(path, message, context)
    return None


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
