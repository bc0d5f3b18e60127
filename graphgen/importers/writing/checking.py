"""Compares what was written, as it is read back, with the network that it was written from."""

from __future__ import annotations

from collections.abc import Sequence

from graphgen.importers.writing.graph import Graph, Target
from graphgen.importers.writing.saying import Said
from spec.architecture import Architecture


def difference(graph: Graph, net: Architecture) -> str | None:
    """Say in what an architecture differs from a network in more than names; None if in nothing.

    Layers, their order, fields, shapes, what each reads, and which tensors are one are compared.
    """
    if len(net.layers) != len(graph.said):
        return f"{len(net.layers)} layers, not {len(graph.said)}"
    values: dict[str, Target] = {name: (-1 - k, "") for k, name in enumerate(net.inputs)}
    known: dict[Target, Target] = {}
    tensors: dict[str, tuple[int, str]] = {}
    for place, (one, layer) in enumerate(zip(graph.said, net.layers, strict=True)):
        wrong = _layer_difference(one, layer)
        if wrong:
            return f"layer {place} ({layer.name}): {wrong}"
        reads = tuple(values[name] for name in layer.inputs)
        meant = tuple(known.get(target, target) for target in graph.reads[place])
        if one.reads and reads != meant:
            return f"layer {place} ({layer.name}) reads {reads}, not {meant}"
        if layer.output in values:  # an identity, which gives what it takes
            known[place, ""] = values[layer.output]
        values.setdefault(layer.output, (place, ""))
        for full in layer.further:
            values[full] = (place, full.removeprefix(f"{layer.name}."))
        for local, name in layer.tensors.items():
            owner = graph.owners[place].get(local, (place, local))
            if tensors.setdefault(name, owner) != owner:
                return f"layer {place} ({layer.name}): its {local} is {name}, which is another's"
    if len({*tensors.values()}) != len(tensors):
        return "a tensor has two names"
    outputs = tuple(values[name] for name in net.outputs)
    meant = tuple(known.get(target, target) for target in graph.outputs)
    return None if outputs == meant else f"the outputs are {outputs}, not {meant}"


def _layer_difference(one: Said, layer: object) -> str | None:
    theirs, ours = layer, one.resolved
    for what in ("type", "fields", "output_shape", "parametrizations"):
        a, b = getattr(theirs, what), getattr(ours, what)
        if a != b or repr(a) != repr(b):
            return f"its {what} is {a!r:.200}, not {b!r:.200}"
    if [*theirs.tensors] != [*ours.tensors]:  # type: ignore[attr-defined]
        return "its tensors are others"
    return None


__all__: Sequence[str] = ["difference"]
