"""Calls of blocks: lists of layers with arguments and, where they take several, named inputs."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spec.context import Context, Path, StopExpansion
from spec.errors import quoted
from spec.json_schema import CALL_FIELDS
from spec.layer import Value
from spec.suggestions import suggest

if TYPE_CHECKING:
    from spec.expand import Expander


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
    name = expander.name_of(raw, path, context)
    with expander.known_as(context.prefix + name):
        given = _arguments(expander, type_, raw, path, context)
        names = input_names(block)
        if names:
            inputs = expander.inputs_of(raw, path, context, current)
            if len(inputs) != len(names):
                listed = ", ".join(map(quoted, names))
                message = f"the block {quoted(type_)} takes {len(names)} inputs ({listed})"
                where: Path = (*path, "inputs") if "inputs" in raw else path
                message += f", got {len(inputs)}: name them in `inputs`"
                expander.note(where, message, context, key="inputs" not in raw)
                raise StopExpansion
        else:
            told = f"the block {quoted(type_)}"
            inputs = [expander.one_input(told, raw, path, context, current)]
        first = inputs[0] if len(inputs) == 1 else None
        called = f"in block {type_!r}, called at {expander.document.key_mark(path)}"
        inner = context.within(name, several=len(inputs) > 1)
        inner = inner.having(ChainMap(given, expander.variables), called)
        for local, value in zip(names, inputs, strict=False):
            expander.values[inner.prefix + local] = value
            expander.block_inputs.add(inner.prefix + local)
        result = expander.sequence(block.get("layers"), ("blocks", type_, "layers"), inner, first)
        if result is None and not expander.problems:
            message = f"the block {quoted(type_)} has no layer that gives a value"
            expander.note(path, message, context, key=True)
    expander.values[context.prefix + name] = result
    return result


def input_names(block: Mapping[str, Any]) -> list[str]:
    """List the names that a block gives to its inputs; none if it takes one without a name."""
    names = block.get("inputs")
    if isinstance(names, str):
        return [names]
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _arguments(
    expander: Expander, type_: str, raw: Mapping[str, Any], path: Path, context: Context
) -> dict[str, object]:
    block = expander.blocks[type_]
    arguments = block.get("args") or {}
    if not isinstance(arguments, dict):
        raise StopExpansion  # the schema has said so
    given: dict[str, object] = {}
    for key, value in raw.items():
        if key in CALL_FIELDS:
            continue
        if key not in arguments:
            hint = suggest(key, arguments)
            message = f"the block {quoted(type_)} has no argument {quoted(key)}{hint}"
            expander.note((*path, key), message, context, key=True)
            raise StopExpansion
        given[key] = expander.evaluate(value, (*path, key), context)
    for key, default in arguments.items():
        if key not in given:
            if default is None:
                message = f"the block {quoted(type_)} needs the argument {quoted(key)}"
                expander.note(path, message, context, key=True)
                raise StopExpansion
            where: Path = ("blocks", type_, "args", key)
            given[key] = expander.evaluate(default, where, Context(expander.variables))
    return given
