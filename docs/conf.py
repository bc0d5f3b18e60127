"""Sphinx settings."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "graph-metanetworks"
author = "The graph-metanetworks authors"
copyright = author

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "docstrings",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_click",
    "sphinx_copybutton",
    "complete",
    "examples",
    "gallery",
    "mathml",
]
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3
# Notebooks are run when the pages are built; git has none of their outputs.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
html_theme = "furo"
html_title = "Graph metanetworks"
html_math_renderer = "mathml"
nitpicky = True
# Types of numpy and torch have their pages elsewhere, and ours are named by their signatures.
nitpick_ignore_regex = [("py:.*", ".*")]
napoleon_numpy_docstring = False
napoleon_use_ivar = True
autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
python_display_short_literal_types = True
copybutton_exclude = ".linenos, .gp, .go"
