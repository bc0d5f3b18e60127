"""Sphinx settings."""

project = "graph-metanetworks"
author = "The graph-metanetworks authors"
copyright = author

extensions = ["myst_parser"]
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Graph metanetworks"
nitpicky = True
