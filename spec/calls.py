"""Calls of blocks: lists of layers with arguments and, where they take several, named inputs."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spec.context import Context, Path, StopExpansion
from spec.errors import quoted
from spec.json_schema import CALL_FIELDS
from spec.layer import Value
from spec.lookup import inputs_of, known_as, name_of, one_input
from spec.suggestions import suggest

if TYPE_CHECKING:
    from spec.expand import Expander

BLOCK = "block"
"""The variable that holds a block's full name inside of it."""


def call(
    expander: Expander,
    type_: str,
    raw: Mapping[str, Any],
    path: Path,
    context: Context,
    current: Value | None,
) -> Value | None:
    """Expand a call of a block: its body sees the file's variables and its own arguments.

    A block that says `inputs: [x, memory]` is given as many values, which its layers know by these
    names; the call lists them in its own `inputs`. With one input, named or not, the first layer
    takes it; with several, each layer that needs one names it.
    """
    block = expander.blocks[type_]
    if not isinstance(block, dict):
        raise StopExpansion  # the schema has said so
    name = name_of(expander, type_, raw, path, context)
    full, layers = context.prefix + name, ("blocks", type_, "layers")
    with known_as(expander, full):
        names = input_names(block)
        inputs = _inputs(expander, type_, names, raw, path, context, current)
        called = f"in block {type_!r}, called at {expander.document.key_mark(path)}"
        inner = context.within(name, several=len(inputs) > 1, first=inputs[0])
        inner = inner.at(context.place(path), layers)
        for local, value in zip(names, inputs, strict=False):
            expander.values[inner.prefix + local] = value
            expander.reserved[inner.prefix + local] = "an input of the block"
        hidden: dict[str, object] = {
            BLOCK: expander.sharing.block_name(context, path, context.home(full))
        }
        above = ChainMap(expander.variables, hidden)
        inner = inner.having(above, called).on(inputs[0] if len(inputs) == 1 else None)
        outside = context.on(inputs[0])
        given = _arguments(expander, type_, raw, path, outside, inner)
        inner = replace(inner, variables=ChainMap(given, above))
        result = expander.sequence(block.get("layers"), layers, inner, inner.current)
        if result is None and not expander.problems:
            message = f"the block {quoted(type_)} has no layer that gives a value"
            expander.note(path, message, context, key=True)
    expander.values[full] = result
    return result


def _inputs(
    expander: Expander,
    type_: str,
    names: list[str],
    raw: Mapping[str, Any],
    path: Path,
    context: Context,
    current: Value | None,
) -> list[Value | None]:
    """Give the values that a block takes, one for each of its names."""
    if not names:
        told = f"the block {quoted(type_)}"
        return [one_input(expander, told, raw, path, context, current)]
    inputs = inputs_of(expander, raw, path, context, current)
    if len(inputs) != len(names):
        message = f"the block {quoted(type_)} takes {len(names)} inputs "
        message += f"({', '.join(map(quoted, names))}), got {len(inputs)}: name them in `inputs`"
        where: Path = (*path, "inputs") if "inputs" in raw else path
        expander.note(where, message, context, key="inputs" not in raw)
        raise StopExpansion
    return inputs


def input_names(block: Mapping[str, Any]) -> list[str]:
    """List the names that a block gives to its inputs; none if it takes one without a name."""
    names = block.get("inputs")
    if isinstance(names, str):
        return [names]
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _arguments(
    expander: Expander,
    type_: str,
    raw: Mapping[str, Any],
    path: Path,
    context: Context,
    inner: Context,
) -> dict[str, object]:
    """Evaluate the arguments of a call; a default may use the arguments above it."""
    arguments = expander.blocks[type_].get("args") or {}
    if not isinstance(arguments, dict):
        raise StopExpansion  # the schema has said so
    written: dict[str, object] = {}
    for key, value in raw.items():
        if key in CALL_FIELDS:
            continue
        if key not in arguments:
            hint = suggest(key, arguments)
            message = f"the block {quoted(type_)} has no argument {quoted(key)}{hint}"
            expander.note((*path, key), message, context, key=True)
            raise StopExpansion
        written[key] = expander.evaluate(value, (*path, key), context)
    given: dict[str, object] = {}
    for key, default in arguments.items():
        if written.get(key) is not None:
            given[key] = written[key]
            continue
        if default is None:
            message = f"the block {quoted(type_)} needs the argument {quoted(key)}"
            expander.note(path, message, context, key=True)
            raise StopExpansion
        where: Path = ("blocks", type_, "args", key)
        above = replace(inner, variables=ChainMap(given, inner.variables))  # type: ignore[arg-type]
        given[key] = expander.evaluate(default, where, above)
    return given
