"""What it costs to say in what the turns of a repetition differ, in lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from graphgen.importers.writing.columns import Column, Place, first, last, places, repeated
from graphgen.importers.writing.graph import Graph, Target
from graphgen.importers.writing.naming import is_own, nodes_of, prefix_of, reads_own_input


def cost_of(graph: Graph, turns: Sequence[Column], times: int) -> float:
    """Give how many lines it costs to say in what the turns differ."""
    body = repeated(turns, len(turns) // times).body()
    spans = [
        (first(trees[0]), last(trees[-1])) for trees in zip(*(c.trees for c in body), strict=True)
    ]
    found = 0.0
    for place in places(body):
        found += _field_cost(graph, place.nodes, place.owners, times)
        found += _name_cost(graph, place.nodes, place.owners, times)
        found += _tie_cost(graph, place.nodes, place.owners, times)
    found += reading_cost(graph, body, spans, times) + cut_cost(graph, spans)
    return found + _lost_names(graph, body)


def shared_path(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Give what paths have in common in front."""
    found = paths[0]
    for path in paths:
        same = 0
        while same < min(len(found), len(path)) and found[same] == path[same]:
            same += 1
        found = found[:same]
    return found


def _lost_names(graph: Graph, body: Sequence[Column]) -> float:
    """Give what it costs if turns must be blocks, but have no names of their own in front."""
    trees = [tuple(row) for row in zip(*(column.trees for column in body), strict=True)]
    named = sum(bool(graph.wanted[node]) for node in nodes_of(trees[0]))
    if not named or (len(body) == 1 and not body[0].is_leaf):
        return 0.0
    if all(is_own(graph, prefix_of(graph, tree), tree) for tree in trees):
        return 0.0
    return 0.5 * named * len(trees) if reads_own_input(graph, body, trees) else 0.0


def cut_cost(graph: Graph, spans: Sequence[tuple[int, int]]) -> float:
    """Give what it costs where turns are cut within modules of the model, or before a function."""
    deep = 0
    for start, end in spans:
        inside = shared_path(graph.paths[start : end + 1])
        if start:
            across = shared_path(graph.paths[start - 1 : start + 1])
            deep += max(0, len(across) - max(len(inside) - 1, 0))
    start = spans[0][0]
    one = graph.said[start]
    trailing = not one.tensors and len(one.reads) == 1 and graph.reads[start] == ((start - 1, ""),)
    return 0.5 * deep / len(spans) + 0.2 * trailing


def reading_cost(
    graph: Graph, body: Sequence[Column], spans: Sequence[tuple[int, int]], times: int
) -> float:
    """Give what it costs to say what the turns read: nothing for one value that goes through."""
    where: dict[int, int] = {}
    leaves = [*places(body)]
    for number, place in enumerate(leaves):
        where |= dict.fromkeys(place.nodes, number)
    found, carried = 0.0, set()
    for place in leaves:
        for k in range(len(graph.reads[place.nodes[0]])):
            outside: dict[int, set[Target]] = {}
            inside, behind = set(), True
            for node, owner in zip(place.nodes, place.owners, strict=True):
                target = graph.reads[node][k]
                start, _ = spans[owner]
                behind = behind and target == (node - 1, "")
                if target[0] >= start:
                    inside.add((where[target[0]], target[1]))
                else:
                    outside.setdefault(owner, set()).add(target)
            if behind and node_begins(place, spans):
                carried.add(_entering(graph, spans, times))
                continue
            if behind:
                continue
            if (inside and outside) or len(inside) > 1 or any(len(t) > 1 for t in outside.values()):
                found += 3.0
                continue
            if not outside:
                continue
            vector = [next(iter(outside[owner])) for owner in sorted(outside)]
            rows = [vector[j : j + times] for j in range(0, len(vector), times)]
            if all(len({*row}) == 1 for row in rows):
                continue
            if all(
                row[t] == (spans[j * times + t][0] - 1, "")
                for j, row in enumerate(rows)
                for t in range(1, times)
            ):
                carried.add(tuple(row[0] for row in rows))
                continue
            found += 3.0 + 0.3 * times
    return found + 3.0 * max(len(carried) - 1, 0)


def node_begins(place: Place, spans: Sequence[tuple[int, int]]) -> bool:
    """Say whether a leaf is the first of every turn."""
    starts = {start for start, _ in spans}
    return all(node in starts for node in place.nodes)


def _entering(graph: Graph, spans: Sequence[tuple[int, int]], times: int) -> tuple[object, ...]:
    return tuple((spans[j][0] - 1, "") for j in range(0, len(spans), times))


def _field_cost(graph: Graph, nodes: list[int], owners: list[int], times: int) -> float:
    """Give what it costs that fields of a leaf differ from turn to turn: little, if by a rule."""
    by_outer: dict[int, list[int]] = {}
    for node, owner in zip(nodes, owners, strict=True):
        by_outer.setdefault(owner // times, []).append(node)
    differing: dict[str, float] = {}
    for row in by_outer.values():
        if len({graph.exact[node] for node in row}) == 1:
            continue
        fields = [graph.said[node].fields for node in row]
        for name in dict.fromkeys(name for each in fields for name in each):
            values = [each.get(name) for each in fields]
            if any(value != values[0] for value in values):
                price = 0.2 if by_rule(values) else 0.3 + 0.12 * len(values)
                differing[name] = max(differing.get(name, 0.0), price)
    return sum(differing.values())


def by_rule(values: Sequence[object]) -> bool:
    """Say whether numbers grow by one step, or by one factor."""
    numbers = [value for value in values if type(value) is int]
    if len(numbers) < len(values):
        return False
    pairs = [*pairwise(numbers)]
    return len({b - a for a, b in pairs}) == 1 or (
        0 not in numbers and len({b / a for a, b in pairs}) == 1
    )


def _name_cost(graph: Graph, nodes: list[int], owners: list[int], times: int) -> float:
    """Give what it costs that names of a leaf differ in more than a number that counts."""
    by_outer: dict[int, list[str]] = {}
    for node, owner in zip(nodes, owners, strict=True):
        if graph.wanted[node] or not graph.is_tied(node):
            by_outer.setdefault(owner // times, []).append(graph.wanted[node])
    found = 0.0
    for names in by_outer.values():
        if len({*names}) <= 1:
            continue
        patterns = {_DIGITS.sub("0", name) for name in names}
        if len(patterns) > 1:
            found = max(found, 0.5 + 0.25 * len(names))
            continue
        rows = zip(*(map(int, _DIGITS.findall(name)) for name in names), strict=True)
        if not all(_is_even(row) for row in rows):
            found = max(found, 0.3 + 0.1 * len(names))
    return found


def _tie_cost(graph: Graph, nodes: list[int], owners: list[int], times: int) -> float:
    """Give what it costs that tensors of a leaf are tied in some turns and not in others."""
    found = 0.0
    for local in graph.said[nodes[0]].node.tensors:
        firsts: dict[int, int] = {}
        kinds = set()
        for node, owner in zip(nodes, owners, strict=True):
            start = firsts.setdefault(owner // times, node)
            theirs = graph.owners[node][local]
            own, first = theirs[0] == node, theirs == graph.owners[start][local]
            kinds.add(("own", own, first and node != start))
        found += 4.0 * (len({kind for kind in kinds if kind != ("own", True, False)}) > 1)
        tied = ("own", False, True) in kinds
        found += 4.0 * (
            tied
            and len({(o // times) for o in owners}) * times == len(nodes)
            and (sum(graph.owners[node][local][0] == node for node in nodes) > len(firsts))
        )
    return found


_DIGITS = re.compile(r"\d+")


def _is_even(numbers: Sequence[int]) -> bool:
    steps = {b - a for a, b in pairwise(numbers)}
    return len(steps) <= 1
