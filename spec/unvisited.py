"""Mistakes in what is not expanded: blocks without a call, entries that are off, empty loops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from spec.calls import BLOCK, input_names
from spec.context import Path
from spec.errors import quoted
from spec.expression_syntax import ExpressionError
from spec.expression_values import SHAPES
from spec.expressions import references, shapes_asked
from spec.inputs import entries
from spec.json_schema import CALL_FIELDS
from spec.layer import LAYERS
from spec.scan import ITEM
from spec.structures import STRUCTURES
from spec.suggestions import suggest, suggest_layer
from spec.written import LISTS, Written, entries_written, strings

if TYPE_CHECKING:
    from spec.expand import Expander

NUMBERED = ("body", "shortcut")  # what lists without a name of their own are called


def note_unvisited(expander: Expander) -> None:
    """Note what is wrong in any entry as it stands, where its expansion has found nothing."""
    found = {problem.mark for problem in expander.problems if problem.mark}
    values = _value_names(expander)
    for known, entry in _entries(expander):
        for path, message, key in _mistakes(expander, known, values, entry):
            document = expander.document
            mark = document.key_mark(path) if key else document.mark(path)
            if mark not in found or not expander.document.has_text:
                expander.note(path, message, key=key)


def _entries(expander: Expander) -> Iterator[tuple[frozenset[str], Written]]:
    """Yield all entries, each with the variables that it may use."""
    variables = frozenset({*expander.variables, SHAPES})
    for entry in entries_written(expander.document.data.get("layers"), ("layers",)):
        yield variables | entry.indices if entry.indices else variables, entry
    for name, block in expander.blocks.items():
        if isinstance(block, dict):
            arguments = block.get("args")
            inside = variables | {BLOCK}
            inside |= arguments.keys() if isinstance(arguments, dict) else set()
            for entry in entries_written(block.get("layers"), ("blocks", name, "layers")):
                yield inside | entry.indices if entry.indices else inside, entry


def _mistakes(
    expander: Expander, known: frozenset[str], values: set[str] | None, entry: Written
) -> Iterator[tuple[Path, str, bool]]:
    type_, blocks = entry.type, expander.blocks
    if type_ in blocks and type_ not in STRUCTURES:
        yield from _of_call(expander, type_, blocks[type_], entry)
    elif "$" not in type_ and type_ not in STRUCTURES and type_ not in LAYERS:
        options = [*LAYERS, *STRUCTURES, *blocks]
        message = f"no layer or block is called {quoted(type_)}{suggest_layer(type_, options)}"
        yield entry.path, message, True
    if type_ in LISTS and type_ != "scan" and isinstance(entry.fields.get("inputs"), list):
        count = len(entry.fields["inputs"])
        if count != 1:
            yield (*entry.path, "inputs"), f"`{type_}` takes one input, got {count}", False
    for _, text in strings(entry.fields.get("inputs"), entry.path):
        if "$" not in text:
            yield from _not_named(text, values, (*entry.path, "inputs"))
    share = entry.fields.get("share")
    if isinstance(share, str) and "$" not in share:
        yield from _not_named(share, values, (*entry.path, "share"))
    for path, text in entry.strings():
        if "$" in text:
            expander.work.read(text)
            expander.spend(5, path)
            try:
                references(text, known)
                for name in shapes_asked(text):
                    yield from _not_named(name, values, path)
            except ExpressionError as error:
                yield path, str(error), False


def _not_named(text: str, values: set[str] | None, path: Path) -> Iterator[tuple[Path, str, bool]]:
    """Say that a name is none of any value."""
    first = text.partition(".")[0]
    if values is not None and first not in values and not first.isdigit():
        message = f"no input or layer is called {quoted(text)}{suggest(first, sorted(values))}"
        yield path, message, False


def _value_names(expander: Expander) -> set[str] | None:
    """Give the first words of all names of values and inputs; None where some are computed."""
    inputs = expander.document.data.get("inputs")
    found = {*NUMBERED, *(str(name).partition(".")[0] for _, name, _ in entries(inputs))}
    for block in expander.blocks.values():
        found |= {str(name) for name in input_names(block if isinstance(block, dict) else {})}
    found |= {name.partition(".")[0] for name in _said(expander, "name", "collect", "items")}
    found |= {ITEM, *_said(expander, "state")}
    return None if any("$" in name for name in found) else found


def _said(expander: Expander, *keys: str) -> Iterator[str]:
    """Yield what is written under some keys, anywhere; names are dotted in the resolved form."""
    rest: list[Any] = [expander.document.data]
    while rest:
        value = rest.pop()
        if isinstance(value, list):
            rest += value
        elif isinstance(value, dict):
            rest += value.values()
            for name in (value.get(key) for key in keys):
                names = name if isinstance(name, list | dict) else [name]
                yield from (str(one) for one in names if isinstance(one, str | int))


def _of_call(
    expander: Expander, type_: str, block: Mapping[str, Any], entry: Written
) -> Iterator[tuple[Path, str, bool]]:
    block = block if isinstance(block, dict) else {}
    arguments = block.get("args") or {}
    if not isinstance(arguments, dict):
        return
    for key in entry.fields:
        if key not in arguments and key not in CALL_FIELDS:
            hint = suggest(key, arguments)
            message = f"the block {quoted(type_)} has no argument {quoted(key)}{hint}"
            yield (*entry.path, key), message, True
    for key, default in arguments.items():
        if default is None and key not in entry.fields:
            yield entry.path, f"the block {quoted(type_)} needs the argument {quoted(key)}", True
    count, names = entry.fields.get("inputs"), input_names(block)
    if not isinstance(count, list) or len(count) == max(1, len(names)):
        return
    lists = {*_said(expander, "collect")}
    if not any("$" in str(name) or name in lists for name in count):  # else their number varies
        message = f"the block {quoted(type_)} takes {max(1, len(names))} inputs, got {len(count)}"
        yield (*entry.path, "inputs"), message, False
