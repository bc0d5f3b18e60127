"""What holds for any network, one check each; a check raises `AssertionError` with what it found.

The judges are the function itself, evaluated by numpy, and nauty on the parameter graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pynauty
import torch
from numpy.typing import NDArray
from oracles.automorphisms import ColouredGraph, coloured_graph

import graphgen
import spec
from graphgen.export import restore_weights, to_graphs_tuple
from graphgen.lower import parameter_template
from graphgen.symmetry import Permutation, Symmetries
from graphgen.testing import assert_round_trip, random_inputs, random_weights, relative_error
from graphgen.testing.round_trip import count_differing
from metanet.evaluate.network import TORCH, all_values

Array = NDArray[Any]
Weights = dict[str, Array]

LIMIT = 1e-9
SMALL = 1e-9
NOTHING = 1e-13
LARGEST = 4000
"""The most vertices of a graph that nauty is asked about."""
GENERATORS = 30
SAMPLES = 5
EXCHANGES = 4


class Case:
    """A network with weights, inputs, which are drawn if not given, and its outputs there."""

    def __init__(
        self, net: spec.Architecture, seed: int = 0, inputs: Sequence[Array] | None = None
    ) -> None:
        self.net, self.rng = net, np.random.default_rng(seed)
        self.weights = random_weights(net, self.rng)
        self.inputs = random_inputs(net, self.rng, 5) if inputs is None else inputs
        self.expected = outputs(net, self.weights, self.inputs)

    def same(self, found: Sequence[Array]) -> bool:
        """Whether outputs are the expected ones, up to what rounding explains."""
        error = difference(found, self.expected)
        return error <= LIMIT or (error <= 1e-6 and error <= self.rounding())

    def rounding(self) -> float:
        """How far the outputs go if every number is rounded: large behind norms of noise."""
        weights = {name: self.rounded(array) for name, array in self.weights.items()}
        inputs = [self.rounded(x) for x in self.inputs]
        moved = torch_outputs(self.net, weights, inputs, self.rounded)
        return 1e-12 / SMALL * difference(moved, self.expected)

    def rounded(self, array: Array, *operands: Array) -> Array:
        """Move numbers by a small part of them, or of larger ones of which each was computed."""
        if array.dtype.kind != "f":
            return array
        size = np.array(np.abs(array))
        for operand in operands:
            if operand.shape == array.shape and operand.dtype.kind == "f":
                size = np.fmax(size, np.abs(operand))
        size[~np.isfinite(size)] = 0  # what a mask sets to infinity
        return array + SMALL * self.rng.choice((-1, 1), array.shape) * size

    def changed(self, weights: Weights) -> float:
        """How far other weights move the outputs."""
        return difference(outputs(self.net, weights, self.inputs), self.expected)


def outputs(net: spec.Architecture, weights: Weights, inputs: Sequence[Array]) -> list[Array]:
    """Evaluate all outputs by numpy."""
    return several(graphgen.evaluate(net, weights, *inputs))


def single(array: Array) -> Array:
    """Round numbers to single precision."""
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def several(results: Any) -> list[Array]:
    """Give outputs as a list, of one as of several."""
    return list(results) if isinstance(results, tuple) else [results]


def difference(found: Sequence[Array], expected: Sequence[Array]) -> float:
    """Give the relative error of all outputs together, infinite where their sizes differ.

    What is nothing but rounding, as the mean of what a norm has centred, is all the same.
    """
    if [x.size for x in found] != [x.size for x in expected]:
        return float("inf")
    a, b = (np.concatenate([x.reshape(-1) for x in xs]) for xs in (found, expected))
    if max(np.abs(a).max(initial=0), np.abs(b).max(initial=0)) < NOTHING:
        return 0.0
    return relative_error(a, b)


def torch_outputs(
    net: spec.Architecture,
    weights: Weights,
    inputs: Sequence[Array],
    rounded: Callable[..., Array] | None = None,
) -> list[Array]:
    """Evaluate all outputs by torch, each value `rounded`."""
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}

    def apply(operation: Any, *operands: Any) -> Any:
        value = TORCH[type(operation.primitive)](operation.primitive, False, *operands)
        if rounded is None:
            return value
        return torch.from_numpy(rounded(value.numpy(), *(x.numpy() for x in operands)))

    known = {array.dtype for array in (*weights.values(), *inputs)}
    usual = torch.get_default_dtype()  # in which a network computes that is given no real numbers
    torch.set_default_dtype(torch.float32 if np.dtype(np.float32) in known else torch.float64)
    try:
        values = all_values(net, tensors, [torch.from_numpy(x) for x in inputs], apply)
    finally:
        torch.set_default_dtype(usual)
    return [values[name].numpy() for name in net.outputs]


def check_network(net: spec.Architecture, order: int) -> None:
    """All that holds for one network holds, and its group has this order, worked out by hand."""
    case, group = Case(net), graphgen.symmetries(net)
    assert group.order == order, f"the order is {group.order}, by hand it is {order}"
    check_order(group)
    check_symmetric(case, group)
    check_automorphisms(case)
    check_exchanges(case, group)
    check_scalings(case)
    check_round_trip(case)
    check_backends(case)


def check_backends(case: Case) -> None:
    """Numpy, torch and the computation graph compute the same, in two dtypes where they may."""
    assert [x.shape[1:] for x in case.expected] == [*case.net.output_shapes]
    found = torch_outputs(case.net, case.weights, case.inputs)
    assert case.same(found), f"torch is off by {difference(found, case.expected):.2g}"
    if case.rounding() < 1e-10:  # nothing is amplified more than a hundred times
        weights, inputs = {n: single(x) for n, x in case.weights.items()}, map(single, case.inputs)
        given = list(inputs)
        for run in (outputs, torch_outputs):
            found = run(case.net, weights, given)
            error = difference(found, case.expected)
            assert error <= 1e-4, f"in single precision {run.__name__} is off by {error:.2g}"
    graph = graphgen.compile(case.net, case.weights, "computation")
    found = several(graphgen.evaluate(graph, *case.inputs))
    assert case.same(found), f"the computation graph: off by {difference(found, case.expected):.2g}"


def check_round_trip(case: Case) -> None:
    """Weights come out of the graph bit by bit, and out of an export of it."""
    assert_round_trip(case.net, case.weights)
    exported = to_graphs_tuple(graphgen.compile(case.net, case.weights))
    restored = restore_weights(exported.description, exported.edges["value"])
    differing = count_differing(restored, case.weights)
    assert not differing, f"{differing} scalars come out of an export changed"


def check_symmetric(case: Case, group: Symmetries) -> None:
    """Generators and samples leave the function as it is."""
    for place, element in enumerate(elements(case, group)):
        found = outputs(case.net, element.apply(case.weights), case.inputs)
        moved = difference(found, case.expected)
        assert case.same(found), f"element {place} moves the function by {moved:.2g}"


def elements(case: Case, group: Symmetries) -> Iterator[Any]:
    """Give some generators, and some samples."""
    generators = list(islice(group.generators(), 20 * GENERATORS))
    for place in case.rng.permutation(len(generators))[:GENERATORS]:
        yield generators[place]
    for _ in range(SAMPLES):
        yield group.sample(case.rng)


def check_order(group: Symmetries) -> None:
    """The order is nauty's; less where the group says what it keeps in place, and never more."""
    assert " permutations" in str(group).splitlines()[0]
    graph = coloured_graph(group.template)
    if graph.num_vertices > LARGEST:
        return
    right = graph.order()
    if group.statements:
        assert group.order <= right, f"the order is {group.order}, nauty finds {right}"
    else:
        assert group.order == right, f"the order is {group.order}, nauty finds {right}"


def check_automorphisms(case: Case) -> None:
    """What nauty finds keeps the function: the graph says all that there is to say."""
    template = graphgen.template(case.net)
    graph = coloured_graph(template)
    if graph.num_vertices > LARGEST:
        return
    tensors = template.edge_tensors
    flat = np.concatenate([np.empty(0), *(case.weights[t.name].reshape(-1) for t in tensors)])
    for moves in graph.moved_parameters():
        moved = flat.copy()
        moved[list(moves.values())] = flat[list(moves)]
        weights, start = dict(case.weights), 0
        for tensor in tensors:
            size = case.weights[tensor.name].size
            weights[tensor.name] = moved[start : start + size].reshape(tensor.shape)
            start += size
        found = outputs(case.net, weights, case.inputs)
        error = difference(found, case.expected)
        assert case.same(found), f"an automorphism moves the function by {error:.2g}"


def check_exchanges(case: Case, group: Symmetries) -> None:
    """To exchange two nodes alone, where nauty does not, is refused or changes the function."""
    graph = coloured_graph(group.template)
    if graph.num_vertices > LARGEST:
        return
    dead = group.template.dead_nodes()
    pairs = []
    for neurons in group.template.node_groups:
        nodes = np.setdiff1d(np.arange(neurons.start, neurons.start + neurons.size), dead)
        if neurons.kind == "neuron" and neurons.output < 0 and len(nodes) > 1:
            pairs.append(case.rng.choice(nodes, 2, replace=False))
    for place in case.rng.permutation(len(pairs))[:EXCHANGES]:
        a, b = pairs[place].tolist()
        if exchanged_alone(graph, a, b):
            continue
        nodes = np.arange(group.template.num_nodes)
        nodes[[a, b]] = b, a
        try:
            weights = Permutation(group.template, nodes).apply(case.weights)
        except graphgen.GraphError:
            continue
        said = f"to exchange {a} and {b} is no automorphism"
        assert case.changed(weights) > LIMIT, f"{said}, but it is done, and keeps the function"


def exchanged_alone(graph: ColouredGraph, a: int, b: int) -> bool:
    """Whether an automorphism exchanges two nodes of one colour and leaves all others."""
    count = graph.num_nodes
    before = graph.colours[:count]
    if repr(before[a]) != repr(before[b]):
        return False
    graph.colours[:count] = [("alone", -1 if node in (a, b) else node) for node in range(count)]
    generators = pynauty.autgrp(graph.nauty())[0]
    graph.colours[:count] = before
    return any(generator[a] == b for generator in generators)


def check_scalings(case: Case) -> None:
    """Signs and scales leave the function as it is."""
    group = graphgen.scalings(case.net)
    for _ in range(SAMPLES):
        found = outputs(case.net, group.sample(case.rng).apply(case.weights), case.inputs)
        error = difference(found, case.expected)
        assert case.same(found), f"a scaling moves the function by {error:.2g}"


def check_edit(case: Case, other: spec.Architecture) -> bool:
    """Two functions have two graphs, and two exports; say whether there are two.

    Graphs and exports are compared with the weights in them, up to the order of nodes and edges.
    """
    found = outputs(other, case.weights, case.inputs)
    if case.same(found):
        return False
    graphs = [graphgen.compile(net, case.weights) for net in (case.net, other)]
    told = f"two functions that are {difference(found, case.expected):.2g} apart have one"
    alike = [coloured_graph(graph.template, case.weights) for graph in graphs]
    assert separate(*alike), f"{told} graph"
    assert separate(*map(exported_graph, graphs)), f"{told} export"
    return True


def separate(a: ColouredGraph, b: ColouredGraph) -> bool:
    """Whether two graphs are not isomorphic, or too large to tell."""
    if max(a.num_vertices, b.num_vertices) > LARGEST:
        return True
    return a.certificate() != b.certificate()


def exported_graph(graph: graphgen.Graph) -> ColouredGraph:
    """Colour a graph by what its export as arrays says, and nothing else."""
    exported = to_graphs_tuple(graph)
    nodes, edges = exported.nodes, exported.edges
    result = ColouredGraph(graph.num_nodes)
    for kind, row in zip(nodes["node_kind"].tolist(), nodes["features"].tolist(), strict=True):
        result.vertex(("node", kind, *row))
    for source, target, value, row in zip(
        exported.senders.tolist(),
        exported.receivers.tolist(),
        edges["value"].tolist(),
        edges["features"].tolist(),
        strict=True,
    ):
        first = result.vertex(("edge", value, *row), source)
        result.vertex(("end of edge", value, *row), first, target)
    return result


def check_neutral(case: Case, other: spec.Architecture) -> None:
    """An edit that makes no difference gives the same function, and the same hash."""
    found = outputs(other, case.weights, case.inputs)
    assert case.same(found), f"the edit moves it by {difference(found, case.expected):.2g}"
    a, b = graphgen.template(case.net), graphgen.template(other)
    said = f"{a.num_nodes} and {b.num_nodes} nodes, {len(a.blocks)} and {len(b.blocks)} blocks"
    assert a.hash == b.hash, f"an edit that makes no difference gives another hash: {said}"


def check_respelled(case: Case, other: spec.Architecture) -> None:
    """Other operations that compute the same have a graph of the same hash."""
    found = outputs(other, case.weights, case.inputs)
    assert case.same(found), f"the spelling moves it by {difference(found, case.expected):.2g}"
    a, b = parameter_template(case.net), parameter_template(other)
    said = f"{a.num_nodes} and {b.num_nodes} nodes, {len(a.blocks)} and {len(b.blocks)} blocks"
    assert a.hash == b.hash, f"another spelling has another hash: {said}"
