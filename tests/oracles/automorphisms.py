"""The automorphisms of a compiled graph, by nauty: an oracle for the derived symmetries.

The graph becomes an undirected one with coloured vertices. Nodes are coloured by what their group
says, input and output nodes one by one; those that no output depends on are left
alone, without edges. Each edge is a vertex between its ends, two between nodes
of one colour, which tell its direction. Each parameter that several edges carry is a vertex beside
them, which its role may colour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import pynauty
from numpy.typing import NDArray
from sympy.combinatorics import Permutation, PermutationGroup

from graphgen import EdgeBlock, Template


@dataclass
class ColouredGraph:
    """An undirected graph with coloured vertices; the first ones are the nodes of the template."""

    num_nodes: int
    colours: list[Hashable] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)
    dead: set[int] = field(default_factory=set)
    parameters: list[int] = field(default_factory=list)
    parallel: bool = False
    carried: dict[int, int] = field(default_factory=dict)

    @property
    def num_vertices(self) -> int:
        return len(self.colours)

    def vertex(self, colour: Hashable, *neighbours: int) -> int:
        """Add a vertex, and edges to others."""
        self.colours.append(colour)
        self.edges += [(len(self.colours) - 1, other) for other in neighbours]
        return len(self.colours) - 1

    def nauty(self) -> pynauty.Graph:
        """Hand the graph over; colour classes come in the order of their labels."""
        adjacency: dict[int, list[int]] = {}
        for a, b in self.edges:
            adjacency.setdefault(a, []).append(b)
        classes: dict[Hashable, set[int]] = {}
        for vertex, colour in enumerate(self.colours):
            if vertex not in self.dead:
                classes.setdefault(colour, set()).add(vertex)
        for vertex in self.dead:
            classes[("dead", vertex)] = {vertex}
        ordered = [classes[colour] for colour in sorted(classes, key=repr)]
        return pynauty.Graph(self.num_vertices, adjacency_dict=adjacency, vertex_coloring=ordered)

    def certificate(self) -> tuple[Any, ...]:
        """Give what two graphs share if and only if they are isomorphic."""
        live = (c for vertex, c in enumerate(self.colours) if vertex not in self.dead)
        labels = sorted((repr(colour), count) for colour, count in Counter(live).items())
        return (*labels, pynauty.certificate(self.nauty()))

    def moved_parameters(self) -> Iterator[dict[int, int]]:
        """Give, for each of some automorphisms that generate all, where it takes parameters."""
        for generator in pynauty.autgrp(self.nauty())[0]:
            yield {p: self.carried[generator[vertex]] for vertex, p in self.carried.items()}

    def order(self) -> int:
        """Count the automorphisms, exactly; where parameters have vertices, by what moves these.

        Nodes of a computation graph that always hold one value may be exchanged otherwise.
        """
        generators = pynauty.autgrp(self.nauty())[0]
        # Without parallel edges of one colour an automorphism is told by what it does to nodes.
        counted = range(self.num_vertices if self.parallel else self.num_nodes)
        points = set(self.parameters or counted)
        order = 1
        for part, members in factors(generators, points):
            place = {old: new for new, old in enumerate(part)}
            moves = [Permutation([place[g[i]] for i in part]) for g in members]
            order *= int(PermutationGroup(moves).order())
        return order


def factors(
    generators: list[list[int]], points: set[int]
) -> Iterator[tuple[list[int], list[list[int]]]]:
    """Divide generators into those that have no moved point in common: their group's factors."""
    found: list[tuple[set[int], list[list[int]]]] = []
    for generator in generators:
        moved = {i for i in points if generator[i] != i}
        if not moved:
            continue
        apart, group = [], [generator]
        for others, members in found:
            if moved.isdisjoint(others):
                apart.append((others, members))
            else:
                moved |= others
                group += members
        found = [*apart, (moved, group)]
    for part, members in found:
        yield sorted(part), members


def coloured_graph(
    template: Template,
    values: Mapping[str, NDArray[Any]] | None = None,
    roles: Template | None = None,
) -> ColouredGraph:
    """Turn a template into a coloured graph; with `values`, parameters are coloured by these.

    With the parameter graph as `roles`, a parameter of a computation graph is coloured by the edge
    that it owns there, which says its place in a kernel.
    """
    graph = ColouredGraph(template.num_nodes)
    graph.dead = set(template.dead_nodes().tolist())
    inputs = 0
    for group in template.node_groups:
        role: tuple[Hashable, ...] = (group.kind, str(group.steps), str(group.attributes))
        single = group.kind == "input" or group.output >= 0
        for node in range(group.size):
            place = (inputs, group.output, node) if single else ()
            graph.vertex(("node", *role, *place))
        inputs += group.kind == "input"
    node_colours = list(graph.colours)
    carriers: dict[int, list[int]] = {}
    parameters = template.edge_parameters()
    scalars = flat_values(template, values)
    role_of = {} if roles is None else parameter_roles(template, roles)
    # Exchanging parameter-free edges that say the same changes nothing: they are one, that counts.
    free: Counter[tuple[int, int, tuple[Hashable, ...]]] = Counter()
    edges: list[tuple[int, int, tuple[Hashable, ...], int]] = []
    for block in template.blocks:
        sources, targets = block.sources().reshape(-1), block.targets().reshape(-1)
        for edge, (s, t, label) in enumerate(
            zip(sources.tolist(), targets.tolist(), labels(block), strict=True)
        ):
            if t in graph.dead:
                continue
            parameter = int(parameters[block.edge_start + edge])
            if parameter < 0:
                free[s, t, label] += 1
            else:
                value = (float(scalars[parameter]),) if scalars is not None else ()
                edges.append((s, t, (*label, *value), parameter))
    edges += [(s, t, (*label, count), -1) for (s, t, label), count in free.items()]
    graph.parallel = len({edge[:3] for edge in edges}) < len(edges)
    for s, t, label, parameter in edges:
        first = graph.vertex(("edge", *label), s)
        last = first
        if node_colours[s] == node_colours[t]:
            last = graph.vertex(("end of edge", *label), first)
        graph.edges.append((last, t))
        if parameter >= 0:
            graph.carried[first] = parameter
            carriers.setdefault(parameter, []).append(first)
    for parameter, carrying in carriers.items():
        if len(carrying) > 1 or role_of:
            vertex = graph.vertex(("parameter", role_of.get(parameter)), *carrying)
            if role_of:
                graph.parameters.append(vertex)
    return graph


def flat_values(
    template: Template, values: Mapping[str, NDArray[Any]] | None
) -> NDArray[np.float64] | None:
    """Concatenate the scalars that edges carry."""
    if values is None:
        return None
    flat = [values[tensor.name].reshape(-1) for tensor in template.edge_tensors]
    return np.concatenate([np.empty(0), *flat])


def parameter_roles(template: Template, roles: Template) -> dict[int, Hashable]:
    """Give the colour that each parameter's own edge has in the parameter graph, by its number."""
    starts: dict[str, int] = {}
    total = 0
    for tensor in template.edge_tensors:
        starts[tensor.name] = total
        total += prod(tensor.shape)
    return {
        starts[block.tensor] + place: label
        for block in roles.blocks
        if block.tensor in starts and not block.tied
        for place, label in enumerate(labels(block))
    }


def labels(block: EdgeBlock) -> list[tuple[Hashable, ...]]:
    """Give the colour of each edge: what the block says, its coordinates, its coefficient."""
    common = (
        block.kind, block.tensor is not None, block.constant, block.step, str(block.attributes),
    )  # fmt: skip
    roles = [role in ("tap", "position", "place") for role in block.axes]
    grid = np.indices(block.shape).reshape(len(block.shape), -1)
    places = grid[np.array(roles, dtype=np.bool_)].T.tolist()
    sizes = tuple(n for n, own in zip(block.shape, roles, strict=True) if own)
    if block.coefficients:
        coefficients = np.broadcast_to(block.values(), block.shape).reshape(-1).tolist()
    else:
        coefficients = [None] * block.num_edges
    return [
        (*common, sizes, tuple(place), coefficient)
        for place, coefficient in zip(places, coefficients, strict=True)
    ]
