"""Writes an imported network as YAML that people read."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

import spec
from graphgen.checkpoint import matrices_of
from graphgen.importers.network import Network, Node
from graphgen.importers.refusal import ImportRefusalError
from graphgen.importers.writing.checking import difference
from graphgen.importers.writing.columns import Column, Key
from graphgen.importers.writing.description import describe
from graphgen.importers.writing.folding import folded_in_rows, folded_wholly
from graphgen.importers.writing.graph import Graph, graph_of
from graphgen.importers.writing.names import clean, wanted_names
from graphgen.importers.writing.naming import Names
from graphgen.importers.writing.rules import section
from graphgen.importers.writing.saying import say
from graphgen.importers.writing.storage import Relation, relations
from graphgen.importers.writing.text import section_text
from graphgen.importers.writing.variables import UnwritableError
from spec import Architecture
from spec.layer import LAYERS

__all__ = ["Written", "write_network"]

MOST_TOLD = 3
"""The most problems of a text that a refusal tells."""


@dataclass(frozen=True)
class Written:
    """A network as YAML, as it is read from there, with its weights by the architecture's names.

    `level` is 0 where all was folded that can be; a greater one says that less was, as what was
    written otherwise did not read as the network. `unread` are the network's inputs that play no
    part, and that the text does not have. `unsaid` are the tensors that the model's file has in no
    form that the section `checkpoint` can say: where there are any, the weights are to be written.
    """

    text: str
    net: Architecture
    weights: dict[str, NDArray[Any]]
    level: int = 0
    unread: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()


def write_network(network: Network) -> Written:
    """Write a network, and read it back: what is folded more is tried first.

    Raises `ImportRefusalError` for what the language refuses.
    """
    network, unread = _without_unread(network)
    said = say(network)
    graph = graph_of(network, said, wanted_names(said, network.inputs))
    reason = ""
    for level, (folded, names) in enumerate(_levels(network, graph)):
        try:
            return replace(_written(network, names, folded), level=level, unread=unread)
        except UnwritableError as error:
            reason = str(error)
        except spec.SpecError as error:
            reason = "; ".join(problem.message for problem in error.problems[:MOST_TOLD])
    raise ImportRefusalError(f"the language cannot say this network: {reason}")


def _written(
    network: Network, graph: Graph, folded: Callable[[Graph], list[Column]], again: bool = True
) -> Written:
    """Write a network folded in some way, and compare what is read back with it."""
    text, names = describe(network, graph, folded(graph))
    net = _read(text)
    wrong = difference(graph, net)
    if wrong is not None:
        raise UnwritableError(wrong)
    weights, places = _weights(graph, names)
    stored = {name: graph.said[p].node.tensors[local].name for name, (p, local) in places.items()}
    found, unsaid = relations(weights, stored, network.stored)
    said = None if unsaid else section(found, network.stored, matrices_of(net))
    if said is None:
        kept = frozenset() if unsaid or graph.kept else kept_names(graph, found, places)
        if kept:  # too many rules: the tensors of which no pattern tells the names keep theirs
            return _written(network, replace(graph, kept=kept), folded, again)
        return Written(text, net, weights, unsaid=tuple(unsaid or weights))
    if not said:
        return Written(text, net, weights)
    whole = text + section_text(said)
    try:
        return Written(whole, _read(whole), weights)
    except (UnwritableError, spec.SpecError):
        # Names and shapes that are the file's tell nothing of axes that are not: take another name.
        moved = {places[r.tensors[0]][0] for r in found if r.axes and r.stored in r.tensors}
        if not (again and moved):
            return Written(text, net, weights, unsaid=tuple(weights))
        wanted = ["" if p == min(moved) else name for p, name in enumerate(graph.wanted)]
        return _written(network, replace(graph, wanted=wanted, prefixes={}), folded, again=False)


def kept_names(
    graph: Graph, found: Sequence[Relation], places: Mapping[str, tuple[int, str]]
) -> frozenset[tuple[Key, str]]:
    """Give the tensors, by kind and name in the layer, that are best called as the model does."""
    odd = {
        places[r.tensors[0]]
        for r in found
        if len(r.tensors) == 1 and digits(r.stored) != digits(r.tensors[0])
    }
    kept = {(graph.keys[place], local) for place, local in odd}
    names: dict[str, tuple[int, str]] = {}
    for place, one in enumerate(graph.said):
        for local, weight in one.node.tensors.items():
            whole = (graph.keys[place], local)
            owner = graph.owners[place][local]
            own = whole in kept and owner == (place, local)
            # A name that is none, or that two would have, is no name to keep.
            if own and not (clean(weight.name) and names.setdefault(weight.name, owner) == owner):
                kept.discard(whole)
    return frozenset(kept)


def digits(name: str) -> list[str]:
    """List the numbers in a name."""
    return re.findall(r"\d+", name)


def _without_unread(network: Network) -> tuple[Network, tuple[str, ...]]:
    """Leave out what plays no part: layers that nothing reads, and inputs that no layer does."""
    network = network.pruned()
    read = {*network.outputs}
    for node in network.nodes:
        if not LAYERS[node.layer].reads_nothing:
            read |= {*node.inputs}
    # Of a network that is the same for all inputs the first stands for all.
    kept = {n: shape for n, shape in network.inputs.items() if n in read} or dict(
        list(network.inputs.items())[:1]
    )
    unread = tuple(name for name in network.inputs if name not in kept)
    if not kept:
        raise ImportRefusalError("the model has no input, so there is no function to describe")
    if not network.nodes:
        network = _with_identities(network)
    return replace(network, inputs=kept), unread


def _with_identities(network: Network) -> Network:
    """Give outputs that are inputs as they are a layer of their own, where there is no other."""
    nodes = [
        Node("identity", (name,), f"%same{place}", network.inputs[name])
        for place, name in enumerate(network.outputs)
    ]
    outputs = tuple(node.output for node in nodes)
    return replace(network, nodes=tuple(nodes), outputs=outputs)


def _levels(
    network: Network, graph: Graph
) -> Iterator[tuple[Callable[[Graph], list[Column]], Graph]]:
    yield folded_wholly, graph
    yield folded_in_rows, graph
    yield Graph.columns, graph
    yield Graph.columns, graph_of(network, graph.said, [""] * len(graph.said))


def _read(text: str) -> Architecture:
    with warnings.catch_warnings():
        warnings.simplefilter("error", spec.UnusedWarning)
        try:
            return spec.loads(text)
        except spec.UnusedWarning as error:
            raise UnwritableError(str(error)) from error


def _weights(
    graph: Graph, names: Names
) -> tuple[dict[str, NDArray[Any]], dict[str, tuple[int, str]]]:
    """Give the weights by the architecture's names, and whose tensor each is."""
    found, places = {}, {}
    for place, one in enumerate(graph.said):
        for local, weight in one.node.tensors.items():
            if graph.owners[place][local] == (place, local):
                full = names.tensor(place, local)
                found[full], places[full] = weight.array, (place, local)
    return found, places
