"""Writes an imported network as YAML that people read."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from numpy.typing import NDArray

import spec
from graphgen.checkpoint import matrices_of
from graphgen.importers.network import Network, Node
from graphgen.importers.refusal import ImportRefusalError
from graphgen.importers.writing.blocks import call_repeated, inlined, merged, unrolled
from graphgen.importers.writing.checking import difference
from graphgen.importers.writing.columns import Column
from graphgen.importers.writing.description import describe
from graphgen.importers.writing.expressions import UnwritableError
from graphgen.importers.writing.graph import Graph, graph_of
from graphgen.importers.writing.names import wanted_names
from graphgen.importers.writing.naming import Names
from graphgen.importers.writing.repeats import fold, fold_blocks
from graphgen.importers.writing.rules import section
from graphgen.importers.writing.saying import say
from graphgen.importers.writing.storage import relations
from graphgen.importers.writing.text import section_text
from graphgen.importers.writing.windows import call_again, call_modules
from spec import Architecture
from spec.layer import LAYERS

__all__ = ["Written", "write", "write_network"]


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


def write(network: Network) -> tuple[str, dict[str, NDArray[Any]]]:
    """Give the YAML of a network, and its weights under the architecture's names."""
    written = write_network(network)
    return written.text, written.weights


def write_network(network: Network) -> Written:
    """Write a network, and read it back: what is folded more is tried first.

    Raises `ImportRefusalError` for what the language refuses.
    """
    network, unread = _without_unread(network)
    said = say(network)
    graph = graph_of(network, said, wanted_names(said, network.inputs))
    reason: object = None
    for level, (folded, names) in enumerate(_levels(network, graph)):
        try:
            text, named = describe(network, names, folded())
            net = _read(text)
        except (UnwritableError, spec.SpecError) as error:
            reason = error
            continue
        reason = difference(names, net)
        if reason is None:
            weights, stored = _weights(names, named)
            whole, net, unsaid = _with_section(network, text, net, weights, stored)
            return Written(whole, net, weights, level, unread, unsaid)
    raise ImportRefusalError(f"the language cannot say this network: {reason}")


def _with_section(
    network: Network,
    text: str,
    net: Architecture,
    weights: dict[str, NDArray[Any]],
    stored: dict[str, str],
) -> tuple[str, Architecture, tuple[str, ...]]:
    """Say in a section `checkpoint` how the model's file has the tensors, if that can be said."""
    found, unsaid = relations(weights, stored, network.stored)
    said = None if unsaid else section(found, network.stored, matrices_of(net))
    if said is None:
        return text, net, tuple(unsaid or weights)
    if not said:
        return text, net, ()
    whole = text + section_text(said)
    try:
        return whole, _read(whole), ()
    except (UnwritableError, spec.SpecError):
        return text, net, tuple(weights)


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


def _levels(network: Network, graph: Graph) -> Iterator[tuple[Callable[[], list[Column]], Graph]]:
    yield lambda: _folded(graph), graph
    yield lambda: call_repeated(graph, fold(graph, graph.columns()), count(1)), graph
    yield lambda: graph.columns(), graph
    plain = graph_of(network, graph.said, [""] * len(graph.said))
    yield lambda: plain.columns(), plain


def _folded(graph: Graph) -> list[Column]:
    """Write once what is repeated, and what stands in several places; then what these repeat."""
    numbers = count(1)
    columns = call_modules(graph, graph.columns(), numbers)
    columns = call_modules(graph, fold(graph, columns), numbers)
    columns = fold(graph, call_again(graph, fold(graph, columns), numbers))
    columns = fold_blocks(graph, columns)
    columns = call_repeated(graph, columns, numbers)
    return inlined(merged(graph, unrolled(graph, columns)))


def _read(text: str) -> Architecture:
    with warnings.catch_warnings():
        warnings.simplefilter("error", spec.UnusedWarning)
        try:
            return spec.loads(text)
        except spec.UnusedWarning as error:
            raise UnwritableError(str(error)) from error


def _weights(graph: Graph, names: Names) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Give the weights, and the model's names, by the architecture's."""
    found, stored = {}, {}
    for place, one in enumerate(graph.said):
        for local, weight in one.node.tensors.items():
            if graph.owners[place][local] == (place, local):
                own = one.tensors[local]
                name = names.nodes[place]
                full = f"{name}.{own}" if own else name
                found[full], stored[full] = weight.array, weight.name
    return found, stored
