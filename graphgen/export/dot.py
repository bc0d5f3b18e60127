"""Export to the DOT language of Graphviz."""

from __future__ import annotations

from graphgen.errors import GraphError, whole
from graphgen.export.description import describe
from graphgen.export.tables import Row, rows, scalar_tables
from graphgen.export.values import graph_from
from graphgen.graph import Graph


def to_dot(graph: Graph, max_edges: int = 2000) -> str:
    """Give the graph as DOT text for Graphviz: a cluster for each group, a line for each edge.

        Path("net.dot").write_text(graphgen.export.to_dot(graph))   # dot -Tsvg net.dot

    Graphviz carries, but does not draw, the other attributes: those of `to_networkx` that are not
    0, and the `number` of an edge. A drawing of many edges shows nothing and takes Graphviz hours:
    a graph with more than `max_edges` is refused.
    """
    graph = graph_from(graph)
    if graph.num_edges > whole(max_edges, "max_edges"):
        raise GraphError(
            f"the graph has {graph.num_edges} edges, more than max_edges={max_edges}; pass a "
            "greater max_edges, or use to_graphml, which has no limit"
        )
    lines = [
        "digraph {",
        "  rankdir=LR;",
        f'  description="{quotable(describe(graph))}";',
        "  node [shape=circle];",
    ]
    nodes, edges = scalar_tables(graph, zeros=False)
    of_nodes = rows(nodes)
    for number, group in enumerate(graph.node_groups):
        label = f"{group.name} ({group.kind})".replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(f'    label="{label}";')
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
