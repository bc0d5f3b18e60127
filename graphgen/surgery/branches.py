"""Leaving out branches: the layers of some operands of sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import spec
from graphgen.errors import GraphError
from graphgen.units.branches import Branch
from spec import Architecture
from spec.errors import SpecError


def without(net: Architecture, branches: Iterable[Branch]) -> Architecture:
    """Give an architecture without some branches; `GraphError` for all operands of a sum.

    A sum that is left with one operand becomes an `identity`.
    """
    gone = [*dict.fromkeys(branches)]
    layers = {layer.name: layer for layer in net.layers}
    for name, count in Counter(each.family.sum for each in gone).items():
        if count >= len(layers[name].inputs):
            raise GraphError(
                f"{gone[0].family.name}: one operand of the sum {name!r} stays, got all "
                f"{len(layers[name].inputs)}"
            )
    operands = {(each.family.sum, each.family.operands[each.item]) for each in gone}
    left_out = unread(net, operands)
    values = {layers[name].output for name in left_out}
    form = net.resolved()
    form.pop("checkpoint", None)
    kept = []
    for entry, layer in zip(form["layers"], net.layers, strict=True):
        ((kind, fields),) = entry.items()
        if layer.name in left_out or (kind == "identity" and values.issuperset(layer.inputs)):
            continue
        pairs = zip(layer.inputs, fields["inputs"], strict=True)
        fields["inputs"] = [text for name, text in pairs if (layer.name, name) not in operands]
        alone = kind == "add" and len(fields["inputs"]) == 1
        kept.append({"identity" if alone else kind: fields})
    try:
        return spec.from_resolved(form | {"layers": kept})
    except SpecError as error:
        raise GraphError(f"cannot be said in the language: {error}") from None


def unread(net: Architecture, operands: set[tuple[str, str]]) -> set[str]:
    """Name the layers that nothing reads where some layers do not read some operands.

    More than those of each branch by itself, where several read what nothing else does.
    """
    read, gone = set(net.outputs), set()
    for layer in reversed(net.layers):
        if layer.type == "identity":
            continue
        if read.isdisjoint((layer.output, *layer.further)):
            gone.add(layer.name)
        else:
            read |= {name for name in layer.inputs if (layer.name, name) not in operands}
    return gone
