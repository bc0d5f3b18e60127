"""The structures: entries of a list of layers that hold lists of layers themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from spec.context import Context, Path, StopExpansion
from spec.fields import FieldError, to_integer
from spec.layer import LAYERS, Layer, Value
from spec.primitives import ShapeError, show
from spec.residual import automatic_shortcut

if TYPE_CHECKING:
    from spec.expand import Expander

MAX_TIMES = 1_000
MERGES = ("add", "multiply", "concat")


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
    return merged(expander, LAYERS["add"](), [body, side], path, context, name)


def parallel(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
) -> Value | None:
    """Several lists on the same value, whose results are merged: `{branches, merge, dim}`."""
    name = expander.name_of(raw, path, context)
    (x,) = expander.inputs_of(raw, path, context, current)[:1]
    inner = context.within(name)
    ends = [
        expander.sequence(branch, (*path, "branches", i), inner.within(str(i)), x)
        for i, branch in enumerate(raw.get("branches") or [])
    ]
    merge = LAYERS[merge_of(expander, raw, path, context)]
    fields = {}
    if "dim" in raw:
        fields["dim"] = expander.evaluate(raw["dim"], (*path, "dim"), context)
        if "dim" not in merge.field_names():
            message = f"`dim` is for `merge: concat`, got `merge: {merge.type}`: leave `dim` out"
            expander.note((*path, "dim"), message, context, key=True)
            raise StopExpansion
    layer, wrong = merge.from_fields(fields)
    for field, message in wrong.items():
        expander.note((*path, field), f"`{field}`: {message}", context)
    known = [end for end in ends if end is not None]
    if layer is None or len(known) < len(ends):
        raise StopExpansion
    return merged(expander, layer, known, path, context, name)


def merge_of(expander: Expander, raw: Mapping[str, Any], path: Path, context: Context) -> str:
    """Give the type of the layer that merges branches."""
    merge = expander.evaluate(raw.get("merge", "add"), (*path, "merge"), context)
    if merge not in MERGES:
        message = f"`merge`: expected one of {', '.join(MERGES)}, got {merge!r}"
        expander.note((*path, "merge"), message, context)
        raise StopExpansion
    return str(merge)


def merged(
    expander: Expander, layer: Layer, ends: list[Value], path: Path, context: Context, name: str
) -> Value:
    """Add the layer at the end of branches; it has the structure's name."""
    full = context.prefix + name
    try:
        value = expander.builder.add(layer, full, ends)
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
    "parallel": parallel,
}
