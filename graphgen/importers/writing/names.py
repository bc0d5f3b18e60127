"""The names that layers have by the model: what the names of their tensors begin with."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from graphgen.importers.writing.saying import Said

_BAD = re.compile(r"[^\w.\-]+")
MOST = 200


def wanted_names(said: Sequence[Said], inputs: Collection[str]) -> list[str]:
    """Give each node the name that its tensors give it, or "" where they give none.

    A tensor `h.0.fc.weight` gives `h.0.fc` to the layer whose `weight` it is; several tensors give
    what all of their names begin with. No two nodes have one name: what is used again has none.
    """
    taken = {*inputs, ""}
    names = [name_of(one) for one in said]
    for one, name in zip(said, names, strict=True):
        taken |= {f"{name}.{local}" for local in one.node.further}
    found = []
    for name in names:
        found.append(name if name not in taken else "")
        taken.add(name)
    return found


def name_of(one: Said) -> str:
    """Give the name that a node's tensors give it; "" if they give none."""
    prefixes = []
    for local, own in one.tensors.items():
        weight = one.node.tensors.get(local)
        stored = clean(weight.name) if weight is not None else ""
        if not stored:
            continue
        if not own:
            return stored
        depth = own.count(".") + 1
        parts = stored.split(".")
        if len(parts) > depth:
            prefixes.append(parts[:-depth])
    if not prefixes:
        return ""
    shared = []
    for column in zip(*prefixes, strict=False):
        if len({*column}) > 1:
            break
        shared.append(column[0])
    return ".".join(shared)


def clean(name: str) -> str:
    """Give a model's name without what a name in YAML and in patterns cannot have.

    >>> clean("model/dense_1/kernel:0")
    'model.dense_1.kernel_0'
    """
    plain = _BAD.sub("_", name.replace("/", "."))
    parts = [part for part in plain.split(".") if part]
    whole = ".".join(parts)
    return whole if len(whole) <= MOST and not _is_hidden(whole) else ""


def _is_hidden(name: str) -> bool:
    return not any(character.isalnum() for character in name)
