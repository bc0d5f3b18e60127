"""The structures: entries of a list of layers that hold lists of layers themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spec.collect import collection
from spec.context import Context, Path, StopExpansion
from spec.errors import quoted
from spec.fields import FieldError, to_integer
from spec.layer import LAYERS, Value
from spec.layer_entry import MERGES, add_layer, merging
from spec.lookup import known_as, name_of, one_input
from spec.primitives import show
from spec.residual import automatic_shortcut
from spec.scan import scan
from spec.sharing import must_share

if TYPE_CHECKING:
    from spec.expand import Expander

MAX_TIMES = 1_000


def sequential(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
) -> Value | None:
    """A list with a name of its own: `{name, layers, collect}`."""
    name = name_of(expander, "sequential", raw, path, context)
    with known_as(expander, context.prefix + name):
        x = one_input(expander, "`sequential`", raw, path, context, current)
        collect = collection(expander, raw, path, context)
        layers: Path = (*path, "layers")
        result = expander.sequence(raw.get("layers"), layers, context.within(name), x, collect)
    expander.values[context.prefix + name] = result
    return result


def repeat(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
) -> Value | None:
    """The same list several times in a row: `{times, index, share, collect, layers}`."""
    times, index = _turns(expander, raw, path, context)
    share = expander.evaluate(raw.get("share"), (*path, "share"), context)
    if not isinstance(share, bool | None):
        message = f"`share`: expected true or false, got {quoted(share)}"
        expander.note((*path, "share"), message, context)
        raise StopExpansion
    layers: Path = (*path, "layers")
    place, known = context.place(path), len(expander.problems)
    before, collect = expander.sharing.shared, collection(expander, raw, path, context)
    for i in range(times):
        inner = context.counting(index, i).at((*place, i), layers)
        if share and i and len(expander.problems) == known:
            inner = replace(inner, twin=((*place, i), (*place, 0), "the first turn"))
        current = expander.sequence(raw.get("layers"), layers, inner, current)
        if collect is not None:
            collect.add(current)
    if share and times > 1:
        must_share(expander, raw, path, context, before)
    return current


def _turns(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context
) -> tuple[int, str]:
    """Give how often a list is repeated, and the variable that counts."""
    try:
        value = expander.evaluate(raw.get("times"), (*path, "times"), context)
        times = to_integer(value, 0, MAX_TIMES)
    except FieldError as error:
        expander.note((*path, "times"), f"`times`: {error}", context)
        raise StopExpansion from None
    index = raw.get("index", "i")
    if not isinstance(index, str):
        raise StopExpansion  # the schema has said so
    return times, index


def residual(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
) -> Value | None:
    """`body(x) + shortcut(x)`; the shortcut is `identity`, `auto`, or a list of layers."""
    name = name_of(expander, "residual", raw, path, context)
    with known_as(expander, context.prefix + name):
        x = one_input(expander, "`residual`", raw, path, context, current)
        inner = context.within(name)
        start = len(expander.builder.layers)
        body = expander.sequence(raw.get("body"), (*path, "body"), inner.within("body"), x)
        side = _shortcut(expander, raw.get("shortcut", "identity"), path, inner, x, body, start)
        if body is None or side is None:
            raise StopExpansion
        return add_layer(
            expander, LAYERS["add"](), context.prefix + name, [body, side], path, context
        )


def _shortcut(
    expander: Expander,
    shortcut: Any,
    path: Path,
    inner: Context,
    x: Value | None,
    body: Value | None,
    start: int,
) -> Value | None:
    """Expand the shortcut of a residual whose body's layers begin at `start`."""
    where: Path = (*path, "shortcut")
    if isinstance(shortcut, list):
        return expander.sequence(shortcut, where, inner.within("shortcut"), x)
    if shortcut not in ("identity", "auto"):
        raise StopExpansion  # the schema has said so
    if body is None or x is None or body.shape == x.shape:
        return x
    if shortcut == "identity":
        message = (
            f"the body turns {show(x.shape)} into {show(body.shape)}: "
            "give `shortcut: auto`, or a list of layers"
        )
        expander.note(path, message, inner, key=True)
        raise StopExpansion
    entries = automatic_shortcut(x.shape, body.shape, expander.builder.layers[start:])
    if isinstance(entries, str):
        expander.note(path, entries, inner, key=True)
        raise StopExpansion
    return expander.sequence(entries, where, inner.within("shortcut"), x)


def parallel(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
) -> Value | None:
    """Several lists on the same value, whose results are merged: `{branches, merge, dim}`.

    Lists that are alike are written once: `{times, index, layers, merge, dim}`.
    """
    name = name_of(expander, "parallel", raw, path, context)
    with known_as(expander, context.prefix + name):
        x = one_input(expander, "`parallel`", raw, path, context, current)
        context = context.on(x)
        inner = context.within(name)
        ends = _ends(expander, raw, path, context, inner, x)
        merge = LAYERS[merge_of(expander, raw, path, context)]
        fields = {}
        dim = expander.evaluate(raw.get("dim"), (*path, "dim"), context)
        if dim is not None:
            fields["dim"] = dim
            if "dim" not in merge.field_names():
                message = f"`dim` is for `merge: concat`, got `merge: {merge.type}`: leave it out"
                expander.note((*path, "dim"), message, context, key=True)
                raise StopExpansion
        layer, wrong = merge.from_fields(fields)
        for field, message in wrong.items():
            expander.note((*path, field), f"`{field}`: {message}", context)
        known = [end for end in ends if end is not None]
        if layer is None or len(known) < len(ends) or raw.get("branches") == []:
            raise StopExpansion
        layer = merging(layer, known)
        return add_layer(expander, layer, context.prefix + name, known, path, context)


def _ends(
    expander: Expander,
    raw: Mapping[str, Any],
    path: Path,
    context: Context,
    inner: Context,
    x: Value | None,
) -> list[Value | None]:
    """Give the results of the branches of a `parallel`."""
    branches, layers = raw.get("branches"), raw.get("layers")
    if isinstance(branches, list) and "layers" not in raw and "times" not in raw:
        return [
            expander.sequence(branch, (*path, "branches", i), inner.within(str(i)), x)
            for i, branch in enumerate(branches)
        ]
    if "branches" in raw or not isinstance(layers, list) or "times" not in raw:
        either = "`parallel` needs `branches`, or `times` and `layers`, and not both"
        expander.note(path, either, context, key=True)
        raise StopExpansion
    times, index = _turns(expander, raw, path, context)
    ends, place = [], context.place(path)
    for i in range(times):
        turn = inner.within(str(i)).counting(index, i).at((*place, i), (*path, "layers"))
        ends.append(expander.sequence(layers, (*path, "layers"), turn, x))
    return ends


def merge_of(expander: Expander, raw: Mapping[str, Any], path: Path, context: Context) -> str:
    """Give the type of the layer that merges branches."""
    merge = expander.evaluate(raw.get("merge"), (*path, "merge"), context)
    merge = "add" if merge is None else merge
    if not isinstance(merge, str) or merge not in MERGES:
        message = f"`merge`: expected one of {', '.join(MERGES)}, got {quoted(merge)}"
        expander.note((*path, "merge"), message, context)
        raise StopExpansion
    return merge


Structure = Callable[["Expander", Mapping[str, Any], Path, Context, Value | None], Value | None]
STRUCTURES: dict[str, Structure] = {
    "sequential": sequential,
    "repeat": repeat,
    "residual": residual,
    "parallel": parallel,
    "scan": scan,
}

NEEDED: Mapping[str, tuple[str, ...]] = {
    "sequential": ("layers",),
    "repeat": ("times", "layers"),
    "residual": ("body",),
    "parallel": (),
    "scan": ("state", "body"),
}
"""The fields without which a structure says nothing."""
