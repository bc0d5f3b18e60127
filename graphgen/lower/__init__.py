"""Lowering: from an architecture's primitives to node groups and edge blocks.

Each kind of graph has a folder, in which each primitive has a file.
"""

from graphgen.lower.parameter import parameter_template

__all__ = ["parameter_template"]
