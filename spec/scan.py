"""scan: a list of layers that is run item after item, and reads what it gave before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spec.context import Context, Path, StopExpansion
from spec.errors import quoted
from spec.fields import FieldError, to_integer
from spec.layer import LAYERS, Value, positive
from spec.layer_entry import add_layer
from spec.lookup import find, inputs_of, known_as, name_of
from spec.primitives import ShapeError, show
from spec.primitives.primitive import MAX_AXES
from spec.records import record
from spec.sharing import must_share

if TYPE_CHECKING:
    from spec.expand import Expander

MAX_ITEMS = 1_000
ITEM = "item"


@record(frozen=True)
class Loop:
    """What a scan runs over: its inputs by the names of their items, along an axis, in an order."""

    name: str
    items: Mapping[str, Value]
    dim: int
    order: tuple[int, ...]


def scan(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
) -> Value | None:
    """A recurrence: `{items, dim, reverse, state, body, next, output}`.

    The body is expanded once for each item along `dim`, with the tensors of the first. Behind the
    last, the value of a state is `name.state`.
    """
    name = name_of(expander, "scan", raw, path, context)
    full = context.prefix + name
    with known_as(expander, full):
        inputs = inputs_of(expander, raw, path, context, current)
        loop = _loop(expander, raw, path, context, full, inputs)
        before, known = expander.sharing.shared, len(expander.problems)
        states = _states(expander, raw, path, context, loop)
        body: Path = (*path, "body")
        place, found = context.place(path), dict[int, Value]()
        for step, item in enumerate(loop.order):
            inner = replace(context.within(name).within(str(step)).at((*place, step), body),
                            homes=((f"{full}.{step}.", f"{full}."), *context.homes))  # fmt: skip
            if step:
                inner = replace(inner, twin=((*place, step), (*place, 0), "the first item"))
            start = len(expander.builder.layers)
            first = _item(expander, path, inner, loop, item)
            for state, value in states.items():
                _know(expander, inner.prefix + state, value, "a state of the scan")
            alone = first if len(loop.items) == 1 else None
            inner = replace(inner, several=alone is None)
            last = expander.sequence(raw.get("body"), body, inner, alone)
            if last is None or len(expander.problems) > known:
                raise StopExpansion
            states = _next(expander, raw, path, inner, states, last)
            found[item] = _named(expander, raw.get("output"), (*path, "output"), inner) or last
            # The last next states may be read by nothing; what has tensors is there all the same.
            whole = step or len(loop.order) == 1
            expander.builder.optional |= {
                layer.name
                for layer in expander.builder.layers[start:]
                if whole and (step or not layer.tensors)
            }
        must_share(expander, raw, path, context, before)
        result = _stacked(expander, path, context, loop, found)
    for state, value in states.items():
        _know(expander, f"{full}.{state}", value, "a state that the scan ends in")
    return result


def _loop(
    expander: Expander,
    raw: Mapping[str, Any],
    path: Path,
    context: Context,
    name: str,
    inputs: list[Value | None],
) -> Loop:
    """Read over what a scan runs: the names of the items, the axis, the order."""
    names = expander.evaluate(raw.get("items", ITEM), (*path, "items"), context)
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or len(names) != len(inputs):
        given = "one input" if len(inputs) == 1 else f"{len(inputs)} inputs"
        message = f"`items`: expected a name for the item of {given}, got {quoted(names)}"
        where: Path = (*path, "items") if "items" in raw else path
        expander.note(where, message, context, key="items" not in raw)
        raise StopExpansion
    dim = expander.evaluate(raw.get("dim", 1), (*path, "dim"), context)
    reverse = expander.evaluate(raw.get("reverse", False), (*path, "reverse"), context)
    values = [value for value in inputs if value is not None]
    if len(values) < len(inputs):
        raise StopExpansion
    try:
        dim = to_integer(dim, -MAX_AXES, MAX_AXES)
        places = [positive("dim", dim, value.shape) for value in values]
    except (FieldError, ShapeError) as error:
        told = str(error) if isinstance(error, ShapeError) else f"`dim`: {error}"
        expander.note((*path, "dim") if "dim" in raw else path, told, context, key=True)
        raise StopExpansion from None
    if not isinstance(reverse, bool):
        message = f"`reverse`: expected true or false, got {quoted(reverse)}"
        expander.note((*path, "reverse"), message, context)
        raise StopExpansion
    counts = {value.shape[place - 1] for value, place in zip(values, places, strict=True)}
    (count, *others) = counts
    if others or count > MAX_ITEMS:
        message = (
            "a `scan` runs over inputs of one length, got "
            + " and ".join(show(value.shape) for value in values)
            if others
            else f"a `scan` is unrolled over at most {MAX_ITEMS:,} items, got {count:,}: "
            "`linear_recurrence`, `lstm`, `gru` and `rnn` take any number"
        )
        expander.note(path, message, context, key=True)
        raise StopExpansion
    order = range(count)
    steps = tuple(reversed(order) if reverse else order)
    return Loop(name, dict(zip(map(str, names), values, strict=True)), dim, steps)


def _states(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context, loop: Loop
) -> dict[str, Value]:
    """Give what the states begin with: a value by its name, or zeros of a shape."""
    where: Path = (*path, "state")
    written = raw.get("state")
    if not isinstance(written, dict):
        raise StopExpansion  # the schema has said so
    if not written:
        expander.note(where, "`state`: expected a state by its name, got none", context)
        raise StopExpansion
    states: dict[str, Value] = {}
    first = next(iter(loop.items.values()))
    for state, given in written.items():
        place = (*where, state)
        if state in loop.items:
            expander.note(place, f"{quoted(state)} is the item: take another name", context)
            raise StopExpansion
        begin = expander.evaluate(given, place, context)
        if isinstance(begin, list):
            try:
                sizes = tuple(to_integer(size, 1) for size in begin)
            except FieldError as error:
                expander.note(place, f"sizes of a state: {error}", context)
                raise StopExpansion from None
            zeros = LAYERS["constant"](values=0.0, shape=sizes)  # type: ignore[call-arg]
            inner = f"{loop.name}.{state}.0"
            states[state] = add_layer(expander, zeros, inner, [first], place, context)
            continue
        value = find(expander, begin, place, context)
        if value is None:
            raise StopExpansion
        states[state] = value
    return states


def _item(expander: Expander, path: Path, inner: Context, loop: Loop, item: int) -> Value:
    """Take the item of each input; give the first of them."""
    found = []
    for name, value in loop.items.items():
        select = LAYERS["select"](dim=loop.dim, index=item)  # type: ignore[call-arg]
        full = inner.prefix + name
        found.append(add_layer(expander, select, full, [value], path, inner))
        expander.reserved[full] = "the item of the scan"
    return found[0]


def _know(expander: Expander, full: str, value: Value, what: str) -> None:
    """Let a value be known by a further name."""
    expander.values[full] = value
    expander.reserved[full] = what


def _next(
    expander: Expander,
    raw: Mapping[str, Any],
    path: Path,
    inner: Context,
    states: Mapping[str, Value],
    last: Value,
) -> dict[str, Value]:
    """Give the next states: those that `next` names; of one state alone, what the body gives."""
    where: Path = (*path, "next")
    written = raw.get("next")
    if written is None and len(states) == 1:
        following = dict.fromkeys(states, last)
    elif isinstance(written, dict) and written.keys() == states.keys():
        following = {}
        for state, name in written.items():
            value = _named(expander, name, (*where, state), inner)
            if value is None:
                raise StopExpansion
            following[state] = value
    else:
        names = ", ".join(map(quoted, states))
        message = f"`next`: expected the next value of each state ({names}), by its name"
        expander.note(where if written is not None else path, message, inner, key=written is None)
        raise StopExpansion
    for state, value in following.items():
        if value.shape != states[state].shape:
            message = (
                f"the state {quoted(state)} is {show(states[state].shape)}, its next value "
                f"{show(value.shape)}: they need one shape"
            )
            expander.note(where if written is not None else path, message, inner, key=True)
            raise StopExpansion
    return following


def _named(expander: Expander, name: Any, path: Path, inner: Context) -> Value | None:
    """Find a value of the body by the name that is written, if any is."""
    name = expander.evaluate(name, path, inner)
    if name is None:
        return None
    value = find(expander, name, path, inner)
    if value is None:
        raise StopExpansion
    return value


def _stacked(
    expander: Expander, path: Path, context: Context, loop: Loop, found: Mapping[int, Value]
) -> Value:
    """Put what the body gave for each item along the axis, in the order of the items."""
    values = [found[item] for item in sorted(found)]
    rank = len(values[0].shape) + 1
    stack = LAYERS["stack"](dim=min(loop.dim, rank))  # type: ignore[call-arg]
    result = add_layer(expander, stack, loop.name, values, path, context)
    expander.builder.optional.add(loop.name)
    return result
