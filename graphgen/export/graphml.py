"""Export to a GraphML file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from graphgen.export.description import describe
from graphgen.export.tables import Row, Table, rows, scalar_tables
from graphgen.export.values import graph_from
from graphgen.files import atomic_path, claim_file
from graphgen.graph import Graph
from graphgen.sources import output_path

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="description" for="graph" attr.name="description" attr.type="string"/>
"""


def to_graphml(graph: Graph, path: str | Path, replace: bool = False) -> None:
    """Write a graph to a GraphML file; the id of an edge is its number in the graph.

        graphgen.export.to_graphml(graph, "net.graphml")
        networkx.read_graphml(
            "net.graphml", node_type=int, edge_key_type=int, force_multigraph=True
        )

    It has the attributes of `to_networkx`. Values are written as doubles, which hold those of every
    dtype exactly; the graph's attribute `description` is JSON, with the words behind the kinds and
    the tensors' dtypes. A file that is there is only written over if `replace` is true.
    """
    graph = graph_from(graph)
    place = output_path(path, "path")
    claim_file(place, replace)
    with (
        atomic_path(place) as temporary,
        open(temporary, "w", encoding="utf-8") as file,
    ):
        file.write(HEAD)
        nodes, edges = scalar_tables(graph, zeros=False)
        file.writelines(keys("node", nodes))
        file.writelines(keys("edge", edges))
        file.write('<graph edgedefault="directed">\n')
        file.write(f'<data key="description">{escape(describe(graph))}</data>\n')
        for node, row in enumerate(rows(nodes)):
            file.write(f'<node id="{node}">{attributes("node", row)}</node>\n')
        for edge, row in enumerate(rows(edges)):
            ends = f'id="{edge}" source="{row.pop("source")}" target="{row.pop("target")}"'
            file.write(f"<edge {ends}>{attributes('edge', row)}</edge>\n")
        file.write("</graph>\n</graphml>\n")


def keys(end: str, table: Table) -> Iterator[str]:
    """Declare the attributes of nodes or of edges."""
    for name, column in table.items():
        kind = "long" if column.dtype.kind == "i" else "double"
        yield f'<key id="{end}.{name}" for="{end}" attr.name="{name}" attr.type="{kind}"/>\n'


def attributes(end: str, row: Row) -> str:
    """Write the attributes of a node or an edge."""
    return "".join(
        f'<data key="{end}.{name}">{number(value)}</data>' for name, value in row.items()
    )


def number(value: float) -> str:
    """Write a number such that reading gives the same bits, in the words of XML Schema."""
    text = repr(value)
    return {"inf": "INF", "-inf": "-INF", "nan": "NaN"}.get(text, text)
