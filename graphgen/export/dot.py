"""Export to the DOT language of Graphviz."""

from __future__ import annotations

from typing import Literal, get_args

from graphgen.errors import GraphError, described, whole
from graphgen.export.description import describe
from graphgen.export.tables import Row, rows, scalar_tables
from graphgen.export.values import graph_from
from graphgen.graph import Graph
from graphgen.template import EdgeBlock, NodeGroup

Detail = Literal["neurons", "groups"]
DETAILS = get_args(Detail)


def to_dot(graph: Graph, max_edges: int = 2000, *, detail: Detail | None = None) -> str:
    """Give the graph as DOT text for Graphviz: `dot -Tsvg net.dot` draws it.

        Path("net.dot").write_text(graphgen.export.to_dot(graph))

    With the `detail` "neurons" a group is a cluster of its nodes, and each edge a line. Graphviz
    carries, but does not draw, the other attributes: those of `to_networkx` that are not 0, and
    the `number` of an edge. With "groups" a group is a box, and each block of edges an arrow that
    says its tensor and shape; values are left out. A drawing of many edges shows nothing and takes
    Graphviz hours: by default a graph with more than `max_edges` is drawn by its groups.
    """
    graph = graph_from(graph)
    if detail is not None and (not isinstance(detail, str) or detail not in DETAILS):
        known = " or ".join(DETAILS)
        raise GraphError(f"`detail` is {described(detail)}; expected {known}, or None")
    few = graph.num_edges <= whole(max_edges, "max_edges")
    if detail == "neurons" and not few:
        raise GraphError(
            f"the graph has {graph.num_edges} edges, more than max_edges={max_edges}; pass a "
            "greater max_edges, leave `detail` out, or use to_graphml, which has no limit"
        )
    chosen = detail or ("neurons" if few else "groups")
    return of_neurons(graph) if chosen == "neurons" else of_groups(graph)


def of_groups(graph: Graph) -> str:
    """Write a box for each group and an arrow for each block."""
    lines = [
        "digraph {",
        "  rankdir=LR;",
        "  node [shape=box, style=rounded];",
    ]
    for number, group in enumerate(graph.node_groups):
        lines.append(f"  g{number} [label={quoted(group.name, size(group))}];")
    for block in graph.template.blocks:
        style = ", style=dashed" if block.tensor is None else ""
        lines.append(
            f"  g{block.source_group} -> g{block.target_group} "
            f"[label={quoted(block.name, shape(block))}{style}];"
        )
    return "\n".join([*lines, "}", ""])


def size(group: NodeGroup) -> str:
    """Say how many nodes of which kind a group has."""
    return f"{group.size:,} {group.kind}"


def shape(block: EdgeBlock) -> str:
    """Say of which kind and shape a block is."""
    return f"{block.kind} {' x '.join(map(str, block.shape))}".rstrip()


def quoted(*lines: str) -> str:
    """Quote lines as one label."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def of_neurons(graph: Graph) -> str:
    """Write a cluster for each group, a node for each neuron and a line for each edge."""
    lines = [
        "digraph {",
        "  rankdir=LR;",
        f'  description="{quotable(describe(graph))}";',
        "  node [shape=circle];",
    ]
    nodes, edges = scalar_tables(graph, zeros=False)
    of_nodes = rows(nodes)
    for number, group in enumerate(graph.node_groups):
        label = quoted(f"{group.name} ({group.kind})")
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(f"    label={label};")
        lines += [
            f'    n{group.start + i} [label="{i}"{attributes(row)}];'
            for i, row in zip(range(group.size), of_nodes, strict=False)
        ]
        lines.append("  }")
    lines += [
        f"  n{row.pop('source')} -> n{row.pop('target')} "
        f'[number={number}, value="{row.pop("value")!r}"{attributes(row)}];'
        for number, row in enumerate(rows(edges))
    ]
    return "\n".join([*lines, "}", ""])


def attributes(row: Row) -> str:
    """Write the attributes of a node or an edge that are not 0."""
    return "".join(f', {name}="{value!r}"' for name, value in row.items() if value)


def quotable(text: str) -> str:
    r"""Write JSON such that DOT can quote it.

    DOT knows `\"`, but leaves other backslashes alone, also a pair of them before a quote.
    """
    without = text.replace("\\\\", "\\u005c").replace('\\"', "\\u0022")
    return without.replace('"', '\\"')
