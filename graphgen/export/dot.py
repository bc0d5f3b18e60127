"""Export to the DOT language of Graphviz."""

from __future__ import annotations

from graphgen.columns import EDGE_KINDS
from graphgen.errors import GraphError, whole
from graphgen.export.description import describe
from graphgen.export.scalar_columns import edge_rows
from graphgen.export.values import graph_from
from graphgen.graph import Graph


def to_dot(graph: Graph, max_edges: int = 2000) -> str:
    """Give the graph as DOT text for Graphviz: a cluster for each group, a line for each edge.

        Path("net.dot").write_text(graphgen.export.to_dot(graph))   # dot -Tsvg net.dot

    Edges have the attributes `number`, `block`, `kind` and `value`, which Graphviz
    carries but does not draw. A drawing of many edges shows nothing and takes Graphviz hours:
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
    for number, group in enumerate(graph.node_groups):
        label = f"{group.name} ({group.kind})".replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(f'    label="{label}";')
        lines += [f'    n{group.start + i} [label="{i}"];' for i in range(group.size)]
        lines.append("  }")
    lines += [
        f"  n{source} -> n{target} [number={edge}, block={row['edge_block']}, "
        f'kind={EDGE_KINDS[row["edge_kind"]]}, value="{float(row["value"])!r}"];'
        for edge, (source, target, row) in enumerate(edge_rows(graph))
    ]
    return "\n".join([*lines, "}", ""])


def quotable(text: str) -> str:
    r"""Write JSON such that DOT can quote it.

    DOT knows `\"`, but leaves other backslashes alone, also a pair of them before a quote.
    """
    without = text.replace("\\\\", "\\u005c").replace('\\"', "\\u0022")
    return without.replace('"', '\\"')
