"""Names: of calls by what the model's names in them begin with, of layers by model or kind."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graphgen.importers.writing.columns import Column, Tree, first, places
from graphgen.importers.writing.graph import Graph, Target
from graphgen.importers.writing.scopes import Scope, Standing, name_inputs, standing
from graphgen.importers.writing.variables import free


@dataclass
class Names:
    """The full names of nodes that have one, and of calls, by block and first node."""

    graph: Graph
    titles: Mapping[int, str]
    nodes: dict[int, str] = field(default_factory=dict)
    calls: dict[tuple[int, int], str] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    ends: dict[int, tuple[int, int]] = field(default_factory=dict)
    far: set[Target] = field(default_factory=set)

    def of(self, target: Target) -> str:
        """Give the full name of a value that is asked for by name."""
        place, local = target
        if place < 0:
            return self.graph.inputs[-1 - place]
        if place in self.ends and not local:
            return self.calls[self.ends[place]]
        return f"{self.nodes[place]}.{local}" if local else self.nodes[place]

    def tensor(self, place: int, local: str) -> str:
        """Give the architecture's name of a tensor."""
        if (self.graph.keys[place], local) in self.graph.kept:
            return self.graph.said[place].node.tensors[local].name
        own = self.graph.said[place].tensors[local]
        return f"{self.nodes[place]}.{own}" if own else self.nodes[place]

    def made(self, scope: Scope, one: Standing) -> list[str]:
        """Make local names: by module or kind, with the turns of the loops around it."""
        leaf = one.column.is_leaf
        base = _base(self.graph, one.column.trees) if leaf else self.titles[one.column.key[1]]
        between = "_" if leaf else "."
        turns = [between.join(map(str, at[1:])) for at in one.coordinates]
        while True:
            own = [f"{base}{between}{turn}" if turn else base for turn in turns]
            if not scope.used.intersection(own):
                return own
            base = free(base, {*scope.used, base})

    def knows(self, target: Target) -> bool:
        """Say whether a value has its name already."""
        return target[0] < 0 or target[0] in self.nodes or self.ends.get(target[0]) in self.calls


def name_all(graph: Graph, scopes: Mapping[int, Scope], titles: Mapping[int, str]) -> Names:
    """Name whatever is asked for by name, and whatever the model has a name for."""
    names = Names(graph, titles)
    asked = {*graph.outputs}
    for scope in scopes.values():
        here = asked_in(graph, scope, scopes)
        asked |= here
        if scope.number:
            coming = {target for vector in scope.entering for target in vector}
            spans = [*zip(scope.starts, scope.ends, strict=True)]
            names.far |= {t for t in here - coming if not any(a <= t[0] <= b for a, b in spans)}
        if scope.number:
            for start, end in zip(scope.starts, scope.ends, strict=True):
                known = names.ends.setdefault(end, (scope.number, start))
                if start < known[1]:
                    names.ends[end] = (scope.number, start)
    if len(graph.outputs) == 1:
        asked -= {(len(graph.said) - 1, "")}
    names.asked = {p for p, local in asked if p >= 0 and (local or p not in names.ends)}
    name_scope(names, scopes, scopes[0])
    return names


def asked_in(graph: Graph, scope: Scope, scopes: Mapping[int, Scope]) -> set[Target]:
    """Give the values that are read by name within a scope."""
    found: set[Target] = set()
    for one in standing(scope.columns, len(scope.starts)):
        if not one.column.repeats and not reads_current(graph, scope, one, scopes):
            found |= {target for vector in taken(graph, one, scopes) for target in vector}
    return found


def taken(graph: Graph, one: Standing, scopes: Mapping[int, Scope]) -> list[list[Target]]:
    """Give the values that a leaf or a call takes: for each, one vector over its instances."""
    if one.column.is_leaf:
        reads = [graph.reads[node] for node in one.column.trees]
        return [list(vector) for vector in zip(*reads, strict=True)]
    block = scopes[one.column.key[1]]
    place = {start: number for number, start in enumerate(block.starts)}
    rows = [place[first(tree)] for tree in one.column.trees]
    return [[vector[row] for row in rows] for vector in block.entering]


def reads_current(graph: Graph, scope: Scope, one: Standing, scopes: Mapping[int, Scope]) -> bool:
    """Say whether a leaf or a call takes what stands before it, so that nothing need be said."""
    vectors = taken(graph, one, scopes)
    if not vectors:
        return True
    return len(vectors) == 1 and all(
        target == scope.current(first(tree), owner)
        for target, tree, owner in zip(vectors[0], one.column.trees, one.owners, strict=True)
    )


def name_scope(names: Names, scopes: Mapping[int, Scope], scope: Scope) -> None:
    """Name the layers and calls of a scope whose prefixes are known, then those of its blocks."""
    items = [*standing(scope.columns, len(scope.starts))]
    if scope.number:  # what is read from far away by its name must not be another's here
        scope.used |= {names.of(target) for target in names.far if names.knows(target)}
    wanted = [(one, *_wanted(names, scope, one)) for one in items if not one.column.repeats]
    for _, own, _ in wanted:
        scope.used |= {*own}
    if scope.number:
        name_inputs(scope)
    inner = []
    for one, own, needed in wanted:
        if not own and needed:
            own = names.made(scope, one)
            scope.used |= {*own}
        if one.column.is_leaf:
            for node, owner, local in zip(one.column.trees, one.owners, own, strict=bool(own)):
                names.nodes[node] = scope.prefixes[owner] + local
        else:
            number = one.column.key[1]
            for tree, owner, local in zip(one.column.trees, one.owners, own, strict=True):
                names.calls[number, first(tree)] = scope.prefixes[owner] + local
            inner.append(number)
    for number in dict.fromkeys(inner):
        block = scopes[number]
        if all((number, start) in names.calls for start in block.starts) and not block.prefixes:
            block.prefixes = [f"{names.calls[number, start]}." for start in block.starts]
            # What is within a call has its value under the call's name, too.
            name_scope(names, scopes, block)


def _wanted(names: Names, scope: Scope, one: Standing) -> tuple[list[str], bool]:
    """Give the local names that the model gives, if it does, and whether one is needed."""
    graph = names.graph
    if one.column.is_leaf:
        full = [graph.wanted[node] for node in one.column.trees]
        needed = any(node in names.asked for node in one.column.trees)
    else:
        full = [prefix_of(graph, tree) for tree in one.column.trees]
        if not all(is_own(graph, *pair) for pair in zip(full, one.column.trees, strict=True)):
            full = _counted_on(names, full, one)
        needed = True
    prefixes = [scope.prefixes[owner] for owner in one.owners]
    fits = all(
        name.startswith(prefix) and len(name) > len(prefix)
        for name, prefix in zip(full, prefixes, strict=True)
    )
    own = [name[len(p) :] for name, p in zip(full, prefixes, strict=True)]
    if not fits or len({*full}) < len(full) or scope.used.intersection(own):
        return [], needed or (one.column.is_leaf and any(full))
    return own, needed


def _counted_on(names: Names, full: list[str], one: Standing) -> list[str]:
    """Name turns that have the tensors of the first, and so no names, as that one, by number."""
    numbers = list(re.finditer(r"(?<![^.])\d+(?![^.])", full[0]))
    if any(full[1:]) or not numbers or one.loops != 1 or len({*one.owners}) > 1:
        return [""] * len(full)
    at = numbers[-1]
    head, tail = full[0][: at.start()], full[0][at.end() :]
    found = [f"{head}{int(at[0]) + turn}{tail}" for turn in range(len(full))]
    own = is_own(names.graph, full[0], one.column.trees[0])
    if not own or any(names.graph.beginning[name] for name in found[1:]):
        return [""] * len(full)
    return found


def _base(graph: Graph, nodes: Sequence[int]) -> str:
    """Name a layer by the last part of its name or its module's where all agree, or by its kind."""
    modules = [graph.scopes[node] for node in nodes]
    if any(graph.beginning[module] for module in modules):
        modules = [""]
    for texts in ([graph.wanted[node] for node in nodes], modules):
        parts = {text.rpartition(".")[2] for text in texts if text}
        part = next(iter(parts), "")
        if len(parts) == 1 and part and not part.isdigit():
            return part
    return graph.said[nodes[0]].node.layer


def prefix_of(graph: Graph, tree: Tree) -> str:
    """Give the path of the module that an instance is, as far as names tell it; "" if none.

    It is what all of its names begin with, and the modules of its layers without names, unless
    others lie there, too.
    """
    nodes = nodes_of(tree)
    key = (nodes[0], nodes[-1])
    if key not in graph.prefixes:
        named = [graph.wanted[node].split(".")[:-1] for node in nodes if graph.wanted[node]]
        around = [
            graph.scopes[node].split(".")
            for node in nodes
            if graph.scopes[node] and not graph.wanted[node]
        ]
        narrow = ".".join(_shared(named)) if named else ""
        wide = ".".join(_shared([*named, *around])) if named else ""
        graph.prefixes[key] = wide if is_own(graph, wide, tree) else narrow
    return graph.prefixes[key]


def _shared(paths: Sequence[Sequence[str]]) -> Sequence[str]:
    found = paths[0]
    for path in paths:
        same = 0
        while same < min(len(found), len(path)) and found[same] == path[same]:
            same += 1
        found = found[:same]
    return found


def nodes_of(tree: Tree) -> list[int]:
    """List the nodes of an instance."""
    if isinstance(tree, int):
        return [tree]
    return [node for item in tree for node in nodes_of(item)]


def is_own(graph: Graph, prefix: str, tree: Tree) -> bool:
    """Say whether no name outside of an instance begins as those in it do."""
    start, count = prefix + ".", len(nodes_of(tree))
    inside = sum(graph.wanted[node].startswith(start) for node in nodes_of(tree))
    return bool(prefix) and count > 0 and graph.beginning[prefix] == inside


def reads_own_input(graph: Graph, body: Sequence[Column], trees: Sequence[Tree]) -> bool:
    """Say whether a turn names what came before it, which differs from turn to turn."""
    starts = [first(tree) for tree in trees]
    for place in places(body):
        for k in range(len(graph.reads[place.nodes[0]])):
            outside = {
                graph.reads[node][k]
                for node, owner in zip(place.nodes, place.owners, strict=True)
                if graph.reads[node][k][0] < starts[owner]
                and graph.reads[node] != ((node - 1, ""),)
            }
            if len(outside) > 1:
                return True
    return False
