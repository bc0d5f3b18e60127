"""What a notebook shows of a graph: its picture, and its counts below."""

from __future__ import annotations

from html import escape

from graphgen.drawing.svg import draw
from graphgen.graph import Graph
from graphgen.summary import counted, name_of
from graphgen.template import Template

MOST_BLOCKS = 600
"""Above these blocks no picture is drawn, which would take seconds and be too small to read."""
MOST_WEIGHTS = 4_000_000
"""Above these edges the structure alone is drawn, and no weights are read."""
WIDEST = 960


def html(graph: Graph | Template) -> str:
    """Give a picture of a graph or a template, and what it is, in one line."""
    template = graph.template if isinstance(graph, Graph) else graph
    note = f"<b>{escape(name_of(template))}</b>: {escape(counted(template))}"
    if len(template.blocks) > MOST_BLOCKS:
        return f"<div>{note}; too large for a small picture, <code>gmn view</code> shows it</div>"
    picture = draw(graph if template.num_edges <= MOST_WEIGHTS else template)
    return f'<div style="max-width:{WIDEST}px;overflow:auto">{picture}<div>{note}</div></div>'
