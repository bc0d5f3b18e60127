"""Export to a GraphML file."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from graphgen.columns import POSITION_AXES
from graphgen.export.description import describe
from graphgen.export.scalar_columns import Row, edge_rows, node_rows
from graphgen.export.values import graph_from
from graphgen.files import atomic_path, claim_file
from graphgen.graph import Graph
from graphgen.sources import output_path

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="description" for="graph" attr.name="description" attr.type="string"/>
"""
NODE_KEYS = dict.fromkeys(("node_kind", "node_group", "node_depth"), "long")
POSITION_KEYS = {f"edge_position_{axis}": "double" for axis in range(POSITION_AXES)}
EDGE_KEYS = {"value": "double", "edge_kind": "long", "edge_block": "long", **POSITION_KEYS}


def to_graphml(graph: Graph, path: str | Path, replace: bool = False) -> None:
    """Write a graph to a GraphML file; the id of an edge is its number in the graph.

        graphgen.export.to_graphml(graph, "net.graphml")
        networkx.read_graphml(
            "net.graphml", node_type=int, edge_key_type=int, force_multigraph=True
        )

    Values are written as doubles, which hold those of every dtype exactly; the graph's attribute
    `description` is JSON, with the words behind the kinds and the tensors' dtypes. A file that is
    there is only written over if `replace` is true.
    """
    graph = graph_from(graph)
    place = output_path(path, "path")
    claim_file(place, replace)
    with (
        atomic_path(place) as temporary,
        open(temporary, "w", encoding="utf-8") as file,
    ):
        file.write(HEAD)
        for end, keys in (("node", NODE_KEYS), ("edge", EDGE_KEYS)):
            for name, kind in keys.items():
                names = f'id="{name}" for="{end}" attr.name="{name}"'
                file.write(f'<key {names} attr.type="{kind}"/>\n')
        file.write('<graph edgedefault="directed">\n')
        file.write(f'<data key="description">{escape(describe(graph))}</data>\n')
        for node, row in enumerate(node_rows(graph.template)):
            file.write(f'<node id="{node}">{attributes(row, NODE_KEYS)}</node>\n')
        for edge, (source, target, row) in enumerate(edge_rows(graph)):
            ends = f'id="{edge}" source="{source}" target="{target}"'
            file.write(f"<edge {ends}>{attributes(row, EDGE_KEYS)}</edge>\n")
        file.write("</graph>\n</graphml>\n")


def attributes(row: Row, keys: dict[str, str]) -> str:
    """Write the attributes of a node or an edge."""
    return "".join(
        f'<data key="{name}">{number(row[name]) if kind == "double" else row[name]}</data>'
        for name, kind in keys.items()
    )


def number(value: float) -> str:
    """Write a double such that reading gives the same bits, in the words of XML Schema."""
    text = repr(float(value))
    return {"inf": "INF", "-inf": "-INF", "nan": "NaN"}.get(text, text)
