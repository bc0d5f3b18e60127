"""Sphinx settings, and the directive `layer-table`, which lists the layers of the language."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).parent))

from layer_table import table

project = "graph-metanetworks"
author = "The graph-metanetworks authors"
copyright = author

extensions = ["myst_parser"]
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Graph metanetworks"
nitpicky = True


class LayerTable(SphinxDirective):
    """A table of all registered layers, made from the registry while the pages are built."""

    def run(self) -> list[nodes.Node]:
        parsed: list[nodes.Node] = self.parse_text_to_nodes(table())
        return parsed


def setup(app: Any) -> None:
    app.add_directive("layer-table", LayerTable)
