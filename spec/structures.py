"""The structures: entries of a list of layers that hold lists of layers themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from spec.context import Context, Path, StopExpansion
from spec.fields import FieldError, to_integer
from spec.layer import LAYERS, Value
from spec.primitives import ShapeError, show
from spec.residual import automatic_shortcut

if TYPE_CHECKING:
    from spec.expand import Expander

MAX_TIMES = 1_000


def sequential(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
) -> Value | None:
    """A list with a name of its own: `{name, layers}`."""
    name = expander.name_of(raw, path, context)
    (x,) = expander.inputs_of(raw, path, context, current)[:1]
    inner = context.within(name)
    result = expander.sequence(raw.get("layers") or [], (*path, "layers"), inner, x)
    expander.values[context.prefix + name] = result
    return result


def repeat(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
) -> Value | None:
    """The same list several times, one after the other: `{times, index, layers}`."""
    try:
        times = to_integer(expander.evaluate(raw.get("times"), (*path, "times"), context), 0)
    except FieldError as error:
        expander.note((*path, "times"), f"`times`: {error}", context)
        raise StopExpansion from None
    if times > MAX_TIMES:
        expander.note((*path, "times"), f"`times`: at most {MAX_TIMES}, got {times}", context)
        raise StopExpansion
    index = raw.get("index", "i")
    for i in range(times):
        inner = context.having({**context.variables, index: i}, f"in repeat, with {index} = {i}")
        current = expander.sequence(raw.get("layers") or [], (*path, "layers"), inner, current)
    return current


def residual(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
) -> Value | None:
    """`body(x) + shortcut(x)`; the shortcut is `identity`, `auto`, or a list of layers."""
    name = expander.name_of(raw, path, context)
    (x,) = expander.inputs_of(raw, path, context, current)[:1]
    inner = context.within(name)
    start = len(expander.builder.layers)
    body = expander.sequence(raw.get("body") or [], (*path, "body"), inner.within("body"), x)
    shortcut = raw.get("shortcut", "identity")
    side = x
    if isinstance(shortcut, list):
        side = expander.sequence(shortcut, (*path, "shortcut"), inner.within("shortcut"), x)
    elif shortcut == "auto" and body is not None and x is not None and body.shape != x.shape:
        entries = automatic_shortcut(x.shape, body.shape, expander.builder.layers[start:])
        if isinstance(entries, str):
            expander.note(path, entries, context, key=True)
            raise StopExpansion
        side = expander.sequence(entries, (*path, "shortcut"), inner.within("shortcut"), x)
    if body is None or side is None:
        raise StopExpansion
    if body.shape != side.shape and not isinstance(shortcut, list):
        expander.note(
            path,
            f"the body turns {show(side.shape)} into {show(body.shape)}: "
            "give `shortcut: auto`, or a list of layers",
            context,
            key=True,
        )
        raise StopExpansion
    full = context.prefix + name
    try:
        value = expander.builder.add(LAYERS["add"](), full, [body, side])
    except ShapeError as error:
        expander.note(path, str(error), context, key=True)
        raise StopExpansion from None
    expander.values[full] = value
    return value


Structure = Callable[["Expander", Mapping[str, Any], Path, Context, Value | None], Value | None]
STRUCTURES: dict[str, Structure] = {
    "sequential": sequential,
    "repeat": repeat,
    "residual": residual,
}
