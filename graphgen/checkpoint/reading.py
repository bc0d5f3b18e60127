"""Reading a checkpoint: its tensors are found, compared with an architecture, and converted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint.differences import differences
from graphgen.checkpoint.form import Form, Layout, is_counter
from graphgen.checkpoint.layout import to_own, to_stored
from graphgen.checkpoint.naming import Naming, naming_of
from graphgen.checkpoint.unclear import check_clear
from graphgen.errors import GraphError
from graphgen.files import StoredWeights
from spec.checkpoint import Stored

Array = NDArray[Any]


@dataclass(frozen=True)
class Found:
    """The entries of a form, and the names under which a checkpoint has each.

    `names` has, for each entry, those of its stored tensors, each with its other names that are
    there; none for a counter that is missing.
    """

    entries: tuple[Stored, ...]
    naming: Naming
    names: tuple[tuple[tuple[str, ...], ...], ...]
    unread: tuple[str, ...]
    wrong: tuple[str, ...]


def find(
    form: Form,
    layout: Layout,
    arrays: Mapping[str, Array],
    optional: Collection[str],
    dtypes: bool = True,
) -> Found:
    """Look for a layout in a checkpoint; the tensors of `optional` may be missing."""
    entries = layout.entries
    needed = [e for e in entries if not all(name in optional for name in e.tensors)]
    naming = naming_of(needed, arrays, layout.declared.prefix)
    names = [_names_there(entry, naming, arrays) for entry in entries]
    used = {name for entry in names for there in entry for name in there}
    left = [name for name in arrays if name not in used]
    patterns = layout.declared.unread_patterns
    unread = [
        name
        for name in left
        if any(p.match(name) is not None or p.match(naming.own(name)) is not None for p in patterns)
    ]
    gone = set(unread)
    superfluous = [name for name in left if name not in gone]
    wrong = differences(form, entries, naming, names, superfluous, arrays, optional, dtypes)
    return Found(entries, naming, tuple(names), tuple(unread), tuple(wrong))


def choose(
    form: Form,
    opened: StoredWeights,
    in_memory: bool,
    optional: Collection[str] = (),
    dtypes: bool = True,
) -> Found:
    """Find the layout in which a checkpoint has the tensors: one that is declared, or their own.

    Of a file the declared ones come first, of arrays in memory their own. Raises one `GraphError`
    for all that does not fit the layout that is closest.
    """
    optional = {*optional, *(tensor.name for tensor in form.tensors if is_counter(tensor))}
    layouts = sorted(form.layouts, key=lambda layout: layout.differs == in_memory)
    tried, ambiguous = [], None
    for layout in layouts:
        try:
            found = find(form, layout, opened.arrays, optional, dtypes)
        except GraphError as error:
            ambiguous = ambiguous or error
            continue
        if not found.wrong:
            check_clear(layout, opened.arrays, opened.metadata.get("format"))
            return found
        tried.append((len(found.wrong), not layout.differs, found))
    if ambiguous is not None:
        raise ambiguous
    *_, best = min(tried, key=lambda row: row[:2])
    told = str(best.naming)
    raise GraphError(
        "the weights do not fit the architecture"
        + (f" ({told})" if told else "")
        + ":\n"
        + "\n".join(best.wrong)
    )


def own_arrays(form: Form, found: Found, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Give the tensors as the architecture has them, without those that are missing."""
    result: dict[str, Array] = {}
    for entry, names in zip(found.entries, found.names, strict=True):
        if all(names):
            result |= to_own(entry, [arrays[there[0]] for there in names])
    return {tensor.name: result[tensor.name] for tensor in form.tensors if tensor.name in result}


def filled(form: Form, weights: Mapping[str, Array]) -> dict[str, Array]:
    """Give weights with the counters that are missing, which begin at zero."""
    return {
        tensor.name: weights[tensor.name]
        if tensor.name in weights
        else np.zeros(tensor.shape, tensor.dtype)
        for tensor in form.tensors
    }


def stored_arrays(found: Found, weights: Mapping[str, Array]) -> dict[str, Array]:
    """Give tensors of the architecture by the names and in the layout in which they were found."""
    result: dict[str, Array] = {}
    for entry, names in zip(found.entries, found.names, strict=True):
        if all(names):
            for there, array in zip(names, to_stored(entry, weights), strict=True):
                result |= dict.fromkeys(there, array)
    return result


def _names_there(
    entry: Stored, naming: Naming, arrays: Mapping[str, Array]
) -> tuple[tuple[str, ...], ...]:
    """List under which names a checkpoint has each stored tensor of an entry."""
    rows = []
    for name in entry.names:
        options = [naming(name)]
        for other in entry.also:
            options += [naming(other), other]
        rows.append(tuple(option for option in dict.fromkeys(options) if option in arrays))
    return tuple(rows)
